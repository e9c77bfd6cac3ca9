/** Processes forked per call, counted by strace: each costs every pod some milliseconds. */
import { basename } from 'node:path';
import { expect } from 'vitest';
import {
  type CniOutcome,
  type Command,
  type Config,
  cni,
  createContainer,
  describeChildren,
  describeNeeds,
  type Node,
  runtime,
  test,
} from '../../support/index.ts';

const plain = (node: Node): Config => ({
  cniVersion: '1.0.0',
  name: 'pods',
  type: 'veth-bridge',
  bridge: 'cni0',
  isDefaultGateway: true,
  ipam: {
    type: 'host-local',
    dataDir: node.dataDir,
    ranges: [[{ subnet: '10.77.0.0/24' }], [{ subnet: 'fd77::/64' }]],
  },
});

describeNeeds(['strace', 'nft-bridge', 'nft-masquerade'], 'children', () => {
  test('plain: two for ADD, two for DEL', ({ node }) => expectChildren(node, plain(node), 2));

  test('with masquerading and anti-spoofing: three and three', ({ node }) =>
    expectChildren(node, { ...plain(node), ipMasq: true, macspoofchk: true }, 3));
});

/** In the steady state: bridge and gateway are there. The first use of a bridge may take two more. */
async function expectChildren(node: Node, config: Config, limit: number): Promise<void> {
  const first = await createContainer(node);
  const firstAdd = await call(node, config, 'ADD', first);
  expectAtMost(firstAdd, limit + 2);

  const second = await createContainer(node);
  const add = await call(node, config, 'ADD', second);
  expectAtMost(add, limit);
  // Bun enters the sandbox itself, and takes locks that are free.
  const helpers = ['nsenter', 'sh', 'flock'];
  const used = helpers.filter((name) => programsOf(add).includes(name));
  expect(used).toEqual(runtime === 'bun' ? [] : helpers);
  expectAtMost(await call(node, { ...config, prevResult: add.result }, 'DEL', second), limit);
  await call(node, { ...config, prevResult: firstAdd.result }, 'DEL', first);
}

function call(
  node: Node,
  config: Config,
  command: Command,
  container: Awaited<ReturnType<typeof createContainer>>,
): Promise<CniOutcome> {
  return cni(node, { command, config, container, strace: true });
}

/** Names of all that its children have been. */
const programsOf = ({ children = [] }: CniOutcome): readonly string[] =>
  children.flatMap(({ exec }) => exec.map(([program = '']) => basename(program)));

function expectAtMost({ children = [], code, stdout }: CniOutcome, limit: number): void {
  expect(code, stdout).toBe(0);
  expect(children.length, describeChildren(children)).toBeLessThanOrEqual(limit);
}
