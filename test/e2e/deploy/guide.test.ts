/** The operator's guide works as it is written: its commands, in order, in a fresh Debian. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { blocksOf } from '../../support/documents.ts';
import { binDir, findBuilt, repoRoot } from '../../support/paths.ts';
import { describeUnless, missing } from './needs.ts';

const guide = readFileSync(join(repoRoot, 'docs/operator.md'), 'utf8');
const all = blocksOf(guide);
const blocks = all.filter(({ kind }) => kind === 'sh').map(({ text }) => text);

/** The packages that the guide installs; the tree has them downloaded. */
const packages = /^apt-get install (.*)$/m
  .exec(guide)?.[1]
  ?.split(' ')
  .filter((word) => !word.startsWith('-'));

const cnitool = findBuilt('cnitool');
const absent = [
  ...missing('debootstrap', 'apt-get install debootstrap'),
  ...missing('apt-get', 'Debian'),
  ...(cnitool === undefined ? ['cnitool (go install)'] : []),
];

const cache = join(repoRoot, '.cache', 'guide');

/**
 * Over the tree, in memory: what the commands write. Namespaces of its own, so that nothing of the machine is touched and
 * nothing is left. The commands are those of one session, and the first that fails ends it.
 */
const script = `
  root=$1
  mount -t tmpfs tmpfs "$root"
  mkdir "$root/upper" "$root/work" "$root/tree"
  mount -t overlay -o "lowerdir=$2/tree,upperdir=$root/upper,workdir=$root/work" overlay "$root/tree"
  tree=$root/tree
  mount -t proc proc "$tree/proc"
  mount -t sysfs sysfs "$tree/sys"
  mount --rbind /dev "$tree/dev"
  mount -t tmpfs -o mode=755 tmpfs "$tree/run"
  touch "$tree/root/plumbline" "$tree/usr/local/bin/cnitool"
  mount --bind "$3" "$tree/root/plumbline"
  mount --bind "$4" "$tree/usr/local/bin/cnitool"
  cp "$5" "$tree/guide.sh"
  ip link set lo up
  exec chroot "$tree" env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C \
    DEBIAN_FRONTEND=noninteractive sh -euc 'cd /root; . /guide.sh'
`;

test('the guide has commands, and each is of a block that is run', () => {
  expect(blocks.length).toBeGreaterThan(8);
  expect(packages).toContain('iproute2');
  // One block says how to get cnitool, which needs a network.
  expect(all.map(({ kind }) => kind).filter((kind) => kind !== 'sh')).toEqual(['console']);
});

describeUnless(absent, "the operator's guide", () => {
  const scratch = mkdtempSync(join(tmpdir(), 'plumbline-guide-'));
  afterAll(() => rmSync(scratch, { recursive: true }));
  let said: readonly string[] = [];

  beforeAll(() => {
    mkdirSync(cache, { recursive: true });
    const prepared = spawnSync('sh', [join(import.meta.dirname, 'tree.sh'), cache, ...(packages ?? [])], {
      encoding: 'utf8',
    });
    if (prepared.status !== 0) throw new Error(`no tree: ${prepared.stdout.slice(-1000)}${prepared.stderr}`);
    const marked = blocks.map((block, index) => `echo "## block ${index}"\n${block}`);
    const file = join(scratch, 'guide.sh');
    writeFileSync(file, [...marked, 'echo "## end"', ''].join('\n'));
    const root = join(scratch, 'root');
    mkdirSync(root);
    const own = ['--mount', '--propagation', 'private', '--net', '--pid', '--fork', '--kill-child'];
    const files = [root, cache, join(binDir, 'plumbline'), cnitool ?? '', file];
    const { stdout, stderr } = spawnSync('unshare', [...own, 'sh', '-euc', script, 'sh', ...files], {
      encoding: 'utf8',
    });
    // What precedes a mark may have no end of line: cnitool's results have none.
    said = stdout.split(/## (?:block \d+|end)\n/).slice(1);
    if (!stdout.endsWith('## end\n'))
      throw new Error(`it ended in:\n${blocks[said.length - 1]}\n${said.at(-1)}${stderr}`);
  }, 900_000);

  const saidBy = (command: string): string =>
    said[blocks.findIndex((block) => block.includes(command))] ?? '';

  test('installs, and installs again', () => {
    expect(saidBy('plumbline install')).toContain('/opt/cni/bin/veth-bridge: installed');
    expect(said.filter((text) => text.includes('veth-bridge')).join('')).toMatch(
      /veth-bridge: \S+ is there already/,
    );
  });

  test('two containers reach each other, and their gateway', () => {
    expect(saidBy('ping -c 3').match(/3 packets transmitted, 3 received, 0% packet loss/g)).toHaveLength(2);
  });

  test('shows what is on the node', () => {
    const shown = saidBy('nft list table');
    expect(shown).toMatch(/alias plumbline:\S+ pods\/|\bveth[0-9a-f]+@/);
    expect(shown).toContain('masquerade');
    expect(shown).toMatch(/^10\.88\.0\.2$/m);
  });

  test('leaves nothing on the machine', () => {
    expect(existsSync('/run/netns/blue')).toBe(false);
  });
});
