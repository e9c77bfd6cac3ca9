/** On a machine without any program: what is told to be installed. */
import { expect, test, vi } from 'vitest';
import { findTool } from '../../../lib/exec/tools.ts';

vi.mock('node:fs', async (original) => ({
  ...(await original<typeof import('node:fs')>()),
  accessSync: () => {
    throw new Error('ENOENT');
  },
}));

test.each([
  ['ip', 'iproute2'],
  ['bridge', 'iproute2'],
  ['nft', 'nftables'],
  ['iptables', 'iptables'],
  ['ip6tables', 'iptables'],
  ['iptables-restore', 'iptables'],
  ['ip6tables-restore', 'iptables'],
  ['flock', 'util-linux'],
  ['nsenter', 'util-linux'],
  ['ovsdb-client', 'openvswitch-common'],
])('%s comes with the package %s', (name, origin) => {
  expect(() => findTool(name, '/usr/bin')).toThrow(
    expect.objectContaining({
      code: 100,
      message: `the program "${name}" is not installed; on Debian: apt-get install ${origin}`,
    }),
  );
});
