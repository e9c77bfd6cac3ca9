/** The guide works as it is written: every command of its pages, and what they are to print. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { blocksOf } from '../../support/documents.ts';
import {
  type Component,
  describeNeeds,
  inVirtualMachine,
  isNewHere,
  missingOf,
  repoRoot,
} from '../../support/index.ts';
import { runPage, stepsOf } from './guide.ts';

const folder = join(repoRoot, 'docs/guide');
const read = (page: string): string => readFileSync(join(folder, `${page}.md`), 'utf8');

const [laboratoryShell, laboratory] = blocksOf(read('README')).filter(({ kind }) => kind === 'sh');
/** Who runs the tests is root. */
const shell = (laboratoryShell?.text ?? '').trim().split(' ').slice(1);

const needs: Readonly<Record<string, readonly Component[]>> = {
  veth: [],
  bridge: [],
  ovs: ['ovs'],
  macvlan: ['macvlan'],
  ipvlan: ['ipvlan'],
};

/** In the virtual machine, which has the NIC for it; its second NIC, on the same wire, plays the machine outside. */
const ownNic = {
  shell: shell.filter((word) => word !== '--net'),
  before: `
    mount -t tmpfs tmpfs /run
    mount -t tmpfs tmpfs /var/lib
    mkdir /run/netns
    ip netns add lan
    ip link set eth1 netns lan
    ip -n lan address add 192.168.1.1/24 dev eth1
    ip -n lan link set eth1 up
  `,
};

const scratch = mkdtempSync(join(tmpdir(), 'plumbline-guide-'));
afterAll(() => rmSync(scratch, { recursive: true }));

test('each page is one that is run', () => {
  const pages = readdirSync(folder).map((name) => name.replace(/\.md$/, ''));
  expect(pages.sort()).toEqual([...Object.keys(needs), 'sriov', 'README'].sort());
  expect(shell.slice(0, 2)).toEqual(['unshare', '--net']);
});

for (const [page, components] of Object.entries(needs)) {
  // What the host has tried is the same there, only slower.
  if (inVirtualMachine && !isNewHere(components)) continue;
  // Side by side: a page mostly waits for answers that do not come.
  const isWhole = missingOf(['root', ...components]).length === 0;
  if (isWhole) test.concurrent(`${page} is as it says`, () => follow(page));
  else describeNeeds(['root', ...components], page, () => test('is as it says', () => follow(page)));
}

describeNeeds(['root', 'sriov'], 'sriov', () => {
  test('is as it says', () => follow('sriov', ownNic));
});

async function follow(
  page: string,
  { shell: start, before } = { shell, before: laboratory?.text ?? '' },
): Promise<void> {
  expect(stepsOf(read(page)).length).toBeGreaterThan(3);
  const cwd = mkdtempSync(join(scratch, page));
  const { fault } = await runPage(read(page), start, before, cwd);
  expect(fault).toBeUndefined();
}
