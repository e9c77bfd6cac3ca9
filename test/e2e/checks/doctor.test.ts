/** `plumbline doctor` on nodes: a sound one, and others with a tool, a file or a container missing. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Check } from '../../../cli/doctor/check.ts';
import { binDir, describeNeeds, type Node, test, testNeeds } from '../../support/index.ts';
import { forOvs } from '../ovs/pods.ts';
import { bridgeConfig, forRules, hostLocal, podNetwork } from '../veth-bridge/support.ts';

interface Examined {
  readonly code: number;
  readonly status: string;
  readonly checks: readonly Check[];
}

/** A folder of networks in the node's own. */
function writeNetworks(node: Node, files: Readonly<Record<string, unknown>>): string {
  const folder = join(node.dir, 'net.d');
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(
      join(folder, name),
      typeof content === 'string' ? content : JSON.stringify(content, undefined, 2),
    );
  }
  return folder;
}

async function examine(node: Node, netDir: string): Promise<Examined> {
  const argv = [join(binDir, 'plumbline'), 'doctor', '--json', '--net-d', netDir, '--bin-dir', binDir];
  const { code, stdout, stderr } = await node.exec(argv);
  expect(stderr).toBe('');
  return { code, ...(JSON.parse(stdout) as Omit<Examined, 'code'>) };
}

const find = ({ checks }: Examined, area: string, name: string): readonly Check[] =>
  checks.filter((check) => check.area === area && check.name === name);
const problems = ({ checks }: Examined): readonly Check[] =>
  checks.filter(({ status }) => status === 'problem');

const network = (node: Node) => ({ ...bridgeConfig(node, { isGateway: true, ipMasq: true }), name: 'pods' });

describeNeeds(['root', 'built', ...forRules], 'plumbline doctor', () => {
  test('finds no problem on a sound node, and changes nothing of it', async ({ node }) => {
    // An editor's key, as plugins and runtimes pass over it.
    const $schema = './schemas/conf.schema.json';
    const pods = podNetwork(node, { $schema, isGateway: true, ipMasq: true });
    await pods.start();
    const netDir = writeNetworks(node, { '10-pods.conf': pods.config });
    const state = () =>
      node.sh(
        'ip -o link | sort; ip -o address | sed "s/ tentative//"; ip route; nft list ruleset; ls /run/netns; find /run/plumbline /var/lib/cni | sort',
      );
    const before = await state();
    const examined = await examine(node, netDir);
    expect(await state()).toBe(before);
    expect(problems(examined)).toEqual([]);
    expect(examined.code).toBe(0);
    expect(find(examined, 'kernel', 'bridge')).toMatchObject([{ status: 'ok' }]);
    expect(find(examined, 'kernel', 'masquerade')).toMatchObject([{ status: 'ok' }]);
    expect(find(examined, 'networks', '10-pods.conf')).toMatchObject([
      { status: 'ok', message: 'network "pods" (veth-bridge); the one that a runtime takes first' },
    ]);
    expect(find(examined, 'plugins', 'veth-bridge')).toMatchObject([{ status: 'ok' }]);
    expect(find(examined, 'addresses', 'pods')[0]).toMatchObject({
      status: 'ok',
      message: '10.22.0.1-10.22.0.254: 1 used, 252 free',
    });
    await pods.clear();
  });

  test('names tools that are missing, and their packages', async ({ node }) => {
    // Wherever PATH leads to.
    const places = (
      await node.sh('for name in nft flock tc; do readlink -f "$(command -v $name)"; done')
    ).split('\n');
    for (const place of places) await node.run('mount', '--bind', '/dev/null', place);
    const examined = await examine(node, writeNetworks(node, { '10-pods.conf': network(node) }));
    expect(examined.code).toBe(1);
    expect(find(examined, 'tools', 'nft')).toMatchObject([
      {
        status: 'problem',
        message: 'the program "nft" is not installed, and network "pods" needs it',
        remedy: 'apt-get install nftables',
      },
    ]);
    expect(find(examined, 'tools', 'flock')).toMatchObject([
      { status: 'problem', remedy: 'apt-get install util-linux' },
    ]);
    expect(find(examined, 'tools', 'tc')).toMatchObject([{ status: 'warning' }]);
    expect(find(examined, 'kernel', 'bridge')).toMatchObject([{ status: 'ok' }]);
    // The leak check asks nft.
    await node.run('umount', ...places);
  });

  test('tells the reservations of containers that are gone', async ({ node, leaks }) => {
    leaks.off();
    const pods = podNetwork(node, { isGateway: true, ipMasq: true });
    const [blue, red] = [await pods.start(), await pods.start()];
    const netDir = writeNetworks(node, { '10-pods.conf': pods.config });
    await red.remove();
    await node.sh(`find ${node.dataDir}/pods -name '[0-9f]*' -exec touch -d '10 minutes ago' {} +`);
    const gone = (await examine(node, netDir)).checks.filter(({ message }) =>
      message.includes('no longer exist'),
    );
    expect(gone).toMatchObject([
      {
        area: 'addresses',
        status: 'warning',
        message: expect.stringMatching(
          new RegExp(
            `^2 reservations .*${red.ip4} \\(${red.id.slice(0, 16)}, its link on the node is gone\\)`,
          ),
        ),
        remedy: expect.stringContaining(`CNI_CONTAINERID=${red.id} CNI_IFNAME=eth0`),
      },
    ]);
    expect(gone[0]?.message).not.toContain(blue.id.slice(0, 16));
    await node.setBootId('01234567-89ab-cdef-0123-456789abcdef');
    const boot = (await examine(node, netDir)).checks.filter(({ message }) =>
      message.includes('of an earlier boot'),
    );
    expect(boot).toMatchObject([
      { status: 'warning', message: expect.stringMatching(/^4 reservations of an earlier boot: /) },
    ]);
  });

  test('finds forwarding that somebody has turned off', async ({ node }) => {
    const pods = podNetwork(node, { isGateway: true });
    await pods.start();
    await node.sh('echo 0 >/proc/sys/net/ipv4/ip_forward');
    const examined = await examine(node, writeNetworks(node, { '10-pods.conf': pods.config }));
    expect(find(examined, 'settings', 'net.ipv4.ip_forward')).toMatchObject([
      { status: 'problem', remedy: expect.stringContaining('sysctl -w net.ipv4.ip_forward=1') },
    ]);
    await node.sh('echo 1 >/proc/sys/net/ipv4/ip_forward');
    await pods.clear();
  });
});

describeNeeds(['root', 'built'], 'plumbline doctor', () => {
  test('tells what is broken in net.d', async ({ node }) => {
    const netDir = writeNetworks(node, {
      '10-good.conf': { name: 'good', type: 'bridge' },
      '20-broken.conflist': '{\n  "name": "broken",\n  "plugins": [\n',
      '30-key.conf': { name: 'key', type: 'macvlan', mastr: 'eth0' },
      '40-overlap.conf': { name: 'a', type: 'macvlan', ipam: hostLocal(node, '10.9.0.0/24') },
      '50-overlap.conf': { name: 'b', type: 'macvlan', ipam: hostLocal(node, '10.9.0.0/24') },
    });
    const examined = await examine(node, netDir);
    expect(examined).toMatchObject({ code: 1, status: 'problem' });
    const networks = Object.fromEntries(
      examined.checks.filter(({ area }) => area === 'networks').map(({ name, status }) => [name, status]),
    );
    expect(networks).toEqual({
      '10-good.conf': 'ok',
      '20-broken.conflist': 'problem',
      '30-key.conf': 'problem',
      '40-overlap.conf': 'ok',
      '50-overlap.conf': 'warning',
    });
    expect(find(examined, 'networks', '20-broken.conflist')).toMatchObject([
      {
        message: expect.stringMatching(/^line 3: expected/),
        remedy: `plumbline lint ${netDir}/20-broken.conflist`,
      },
    ]);
  });

  test('prints for people, and ends with 0 where nothing but warnings are', async ({ node }) => {
    const netDir = join(node.dir, 'none');
    const { code, stdout } = await node.exec([join(binDir, 'plumbline'), 'doctor', '--net-d', netDir]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^kernel\n {2}ok {7}version: Linux /);
    expect(stdout).toMatch(
      /^ {2}warning {2}.*none: there is no such folder: no network is set up\n {11}-> write a network/m,
    );
    expect(stdout).toMatch(/\n\d+ ok, \d+ warnings?, 0 problems\n?$/);
  });
});

testNeeds(forOvs, 'plumbline doctor looks at Open vSwitch', async ({ node, ovs }) => {
  const config = (name: string, bridge: string) => ({
    cniVersion: '1.0.0',
    name,
    type: 'ovs',
    bridge,
    ipam: {},
  });
  const netDir = writeNetworks(node, { '10.conf': config('a', 'br-int'), '20.conf': config('b', 'br-none') });
  const examined = await examine(node, netDir);
  expect(find(examined, 'Open vSwitch', 'database')).toMatchObject([{ status: 'ok' }]);
  expect(find(examined, 'Open vSwitch', 'ovs-vswitchd')).toMatchObject([{ status: 'ok' }]);
  expect(find(examined, 'Open vSwitch', 'bridge br-int')).toMatchObject([{ status: 'ok' }]);
  expect(find(examined, 'Open vSwitch', 'bridge br-none')).toMatchObject([
    { status: 'problem', remedy: expect.stringContaining('ovs-vsctl add-br br-none') },
  ]);
  await ovs.stop('ovs-vswitchd', 'SIGKILL');
  expect(find(await examine(node, netDir), 'Open vSwitch', 'ovs-vswitchd')).toMatchObject([
    { status: 'problem' },
  ]);
  await ovs.start('ovs-vswitchd');
});
