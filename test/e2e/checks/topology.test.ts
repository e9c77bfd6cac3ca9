/** `plumbline topology` on a node with two bridges, an Open vSwitch and a macvlan network: in each format. */
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { Hub, Port } from '../../../cli/topology/model.ts';
import {
  binDir,
  createContainer,
  describeNeeds,
  type NamedConfig,
  type Node,
  test,
  topologyOf,
} from '../../support/index.ts';
import { childNetwork } from '../child/pods.ts';
import { forOvs, ovsNetwork } from '../ovs/pods.ts';
import { forRules, podNetwork } from '../veth-bridge/support.ts';

function writeNetworks(node: Node, ...configs: readonly NamedConfig[]): string {
  const folder = join(node.dir, 'net.d');
  mkdirSync(folder, { recursive: true });
  for (const config of configs) writeFileSync(join(folder, `${config.name}.conf`), JSON.stringify(config));
  return folder;
}

interface Drawn {
  readonly text: string;
  readonly stderr: string;
}

async function draw(node: Node, netDir: string, format: string): Promise<Drawn> {
  const argv = [join(binDir, 'plumbline'), 'topology', '--format', format, '--net-d', netDir];
  const { code, stdout, stderr } = await node.exec(argv);
  expect(code, stderr).toBe(0);
  return { text: stdout, stderr };
}

/** What a test can foretell. */
const portFacts = ({ name, kind, ours, vlan, mode, masquerade, antispoof, stale, container }: Port) => {
  const { id, network, netns, ifname, mac, addresses } = container ?? {};
  return {
    ...{ name, kind, ours, masquerade },
    ...(vlan && { vlan }),
    ...(mode && { mode }),
    ...(antispoof && { antispoof }),
    ...(stale && { stale }),
    ...(container && { container: { id, network, netns, ifname, mac, addresses } }),
  };
};
const hubFacts = ({ kind, name, ours, state, addresses, ports }: Hub) => ({
  ...{ kind, name, ours, state, addresses },
  ports: ports.map(portFacts),
});

describeNeeds([...new Set(['root', 'built', ...forRules, ...forOvs] as const)], 'plumbline topology', () => {
  test('of two bridges, an Open vSwitch and a macvlan network', async ({ node, ovs, lan }) => {
    const pods = podNetwork(node, { isGateway: true, ipMasq: true, macspoofchk: true });
    const lab = podNetwork(node, { name: 'lab', bridge: 'lab0', ipam: undefined });
    const overlay = ovsNetwork(node, { name: 'overlay', vlan: 100 });
    const wire = childNetwork(node, 'macvlan', { name: 'wire' });
    const [blue, red] = [
      await pods.start('blue'),
      await pods.start('red', { via: 'pid', id: 'f'.repeat(64) }),
    ];
    const green = await overlay.start('green');
    const ofLab = await lab.add(blue, { ifname: 'net1' });
    const ofWire = await wire.add(green, { ifname: 'net1' });
    // Somebody else's, with a name that would steer a terminal and end an element of XML.
    const other = await createContainer(node, { name: 'other' });
    const { ifindex } = (await node.link('uplink')) ?? {};
    await node.batch(`
      link add theirs master lab0 type veth peer name eth0 index ${ifindex} netns ${other.path}
      link set theirs up
    `);
    const hostile = '\u001b[31m"]</TABLE>&--><script>';
    await node.run('ip', 'link', 'set', 'dev', 'theirs', 'alias', hostile);
    await other.run('ip', 'link', 'set', 'dev', 'eth0', 'name', 'a<b&"c', 'up');
    // On a link of that container, whose index is the one of the node's NIC: on no link of the node.
    const nested = await createContainer(node, { name: 'nested' });
    const onOther = ['name', 'nested0', 'netns', nested.path, 'type', 'macvlan', 'mode', 'bridge'];
    await other.run('ip', 'link', 'add', 'link', 'a<b&"c', ...onOther);

    const netDir = writeNetworks(node, pods.config, lab.config, overlay.config, wire.config);
    const state = () =>
      node.sh(
        'ip -o link | sort; ip -o address | sed "s/ tentative//"; nft list ruleset; ls -A /run /run/netns /run/plumbline',
      );
    const before = await state();
    const { hubs, leftovers, notes, version } = await topologyOf(node, '--net-d', netDir);
    expect(await state()).toBe(before);
    const folder = mkdtempSync(join(node.dir, 'tmp-'));
    expect(
      await node.exec([join(binDir, 'plumbline'), 'topology'], { env: { TMPDIR: folder } }),
    ).toMatchObject({ code: 0 });
    expect(readdirSync(folder)).toEqual([]);
    expect({ version, leftovers, notes }).toEqual({ version: 1, leftovers: [], notes: [] });

    const addresses = ({
      result,
    }: {
      readonly result: { readonly ips?: readonly { readonly address: string }[] };
    }) => result.ips?.map(({ address }) => address);
    const ends = (pod: typeof blue, network: string) => ({
      ...{ id: pod.id, network, netns: pod.name, ifname: 'eth0', mac: pod.mac, addresses: addresses(pod) },
    });
    const plain = (addresses: readonly string[] | undefined) =>
      addresses?.map((text) => text.replace(/\/\d+$/, ''));
    const { netns: _, ...byProcess } = ends(red, 'pods');
    expect(hubs.map(hubFacts)).toEqual([
      {
        ...{ kind: 'bridge', name: 'cni0', ours: true, state: 'up' },
        addresses: ['10.22.0.1/24', 'fd22::1/64'],
        ports: [ends(blue, 'pods'), byProcess].map((container, index) => ({
          ...{ name: [blue.port, red.port][index], kind: 'veth', ours: true },
          ...{ masquerade: plain(container.addresses), antispoof: [container.mac], container },
        })),
      },
      {
        ...{ kind: 'bridge', name: 'lab0', ours: true, state: 'up', addresses: [] },
        ports: [
          {
            ...{ name: ofLab.interfaces?.[1]?.name, kind: 'veth', ours: true, masquerade: [] },
            container: {
              ...{ id: blue.id, network: 'lab', netns: 'blue', ifname: 'net1' },
              ...{ mac: ofLab.interfaces?.[2]?.mac, addresses: [] },
            },
          },
          {
            ...{ name: 'theirs', kind: 'veth', ours: false, masquerade: [] },
            container: {
              ...{ netns: 'other', ifname: 'a<b&"c', addresses: [] },
              mac: (await other.link('a<b&"c'))?.['address'],
            },
          },
        ],
      },
      {
        ...{ kind: 'ovs-bridge', name: 'br-int', ours: true, state: 'up', addresses: [] },
        ports: [
          {
            ...{ name: (await ovs.ports('br-int'))[0], kind: 'veth', ours: true, masquerade: [] },
            vlan: { mode: 'access', tag: 100 },
            container: ends(green, 'overlay'),
          },
        ],
      },
      {
        ...{ kind: 'master', name: 'uplink', ours: true, state: 'up' },
        addresses: [`${lan.nodeIp4}/24`, `${lan.nodeIp6}/64`],
        ports: [
          {
            ...{ name: 'net1', kind: 'macvlan', ours: true, mode: 'bridge', masquerade: [] },
            container: {
              ...{ id: green.id, network: 'wire', netns: 'green', ifname: 'net1' },
              ...{ mac: ofWire.interfaces?.[0]?.mac, addresses: addresses({ result: ofWire }) },
            },
          },
        ],
      },
    ]);
    const sandboxes = new Set(hubs.flatMap(({ ports }) => ports.map(({ container }) => container?.sandbox)));
    // blue and green have two interfaces each.
    expect(sandboxes.size).toBe(4);
    expect(hubs[0]?.ports[1]?.container?.process?.pid).toBeGreaterThan(1);

    const { text: tree } = await draw(node, netDir, 'tree');
    expect(tree).toMatch(/^bridge cni0 {2}up, mtu 1500, 10\.22\.0\.1\/24, fd22::1\/64\n├─ veth/);
    expect(tree).toMatch(/masquerade anti-spoof {2}blue .* pods$/m);
    expect(tree).toMatch(/^└─ theirs .* other .*not plumbline$/m);
    // Neither a name's escape sequences nor colours, where nobody looks at a terminal.
    expect(tree).not.toContain('\u001b');
    const { text: svg } = await draw(node, netDir, 'svg');
    expect(svg).toMatch(/^<\?xml .*<svg .*a&lt;b&amp;&quot;c.*<\/svg>\s*$/s);
    expect((await draw(node, netDir, 'dot')).text).toMatch(
      /^graph plumbline \{\n.*a&lt;b&amp;&quot;c.*\}\n?$/s,
    );
    expect((await draw(node, netDir, 'mermaid')).text).toMatch(/^flowchart LR\n.*a#60;b#38;#34;c/s);

    for (const container of [nested, other]) await container.remove();
    await lab.del(blue, { ifname: 'net1' });
    await wire.del(green, { ifname: 'net1' });
    for (const network of [pods, overlay]) await network.clear();
  });

  test('marks what is stale, and shows the rest where tools are missing', async ({ node, ovs, leaks }) => {
    leaks.off();
    const pods = podNetwork(node, { isGateway: true, ipMasq: true });
    const overlay = ovsNetwork(node, { name: 'overlay' });
    const [blue, red, green] = [
      await pods.start('blue'),
      await pods.start('red'),
      await overlay.start('green'),
    ];
    const netDir = writeNetworks(node, pods.config, overlay.config);
    // The container's end is taken out of it; another container, and a third with its port, are gone without a DEL.
    await blue.run('ip', 'link', 'set', 'dev', 'eth0', 'name', 'lost', 'netns', `/proc/${node.pid}/ns/net`);
    await red.remove();
    await green.remove();
    await node.sh(`find ${node.dataDir} -name '[0-9f]*' -exec touch -d '10 minutes ago' {} +`);
    const { hubs, leftovers } = await topologyOf(node, '--net-d', netDir);
    const portsOf = (name: string) => hubs.find((hub) => hub.name === name)?.ports.map(portFacts);
    expect(portsOf('cni0')).toMatchObject([
      {
        ...{ name: blue.port, ours: true, masquerade: [blue.ip4, blue.ip6] },
        stale: 'its other end is on the node, and not in its container',
        container: { id: blue.id, network: 'pods', ifname: 'eth0' },
      },
    ]);
    expect(await ovs.ports('br-int')).toEqual([green.port]);
    expect(portsOf('br-int')).toMatchObject([
      {
        ...{ name: green.port, ours: true, stale: expect.stringContaining('its link is gone') },
        container: { id: green.id, network: 'overlay', addresses: [green.ip4, green.ip6] },
      },
    ]);
    const owner = { network: 'pods', id: red.id, ifname: 'eth0' };
    const left = (kind: string) => leftovers.filter((one) => one.kind === kind);
    expect(left('masquerade')).toEqual(
      [red.ip4, red.ip6].map((what) => ({ kind: 'masquerade', what, ...owner })),
    );
    expect(
      left('reservation')
        .map(({ what }) => what)
        .sort(),
    ).toEqual([red.ip4, red.ip6].sort());
    const { text: tree } = await draw(node, netDir, 'tree');
    expect(tree).toMatch(new RegExp(`STALE ${blue.id.slice(0, 12)} .*its other end is on the node`));

    const places = await node.sh('for name in nft ovsdb-client; do readlink -f "$(command -v $name)"; done');
    for (const place of places.split('\n')) await node.run('mount', '--bind', '/dev/null', place);
    const poor = await draw(node, netDir, 'tree');
    expect(poor.text).toMatch(/^bridge cni0 /);
    expect(poor.stderr).toMatch(
      /^note: Open vSwitch is not shown: the program "ovsdb-client" is not installed/m,
    );
    expect(poor.stderr).toMatch(/^note: masquerading and anti-spoofing are not shown: the program "nft"/m);
    await node.run('umount', ...places.split('\n'));

    const config = { netDir, argv: [join(binDir, 'plumbline'), 'topology', '--net-d', netDir] };
    const asNobody = await node.exec([
      'setpriv',
      '--reuid=65534',
      '--regid=65534',
      '--clear-groups',
      ...config.argv,
    ]);
    expect(asNobody).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^note: not root: .*run this as root/m),
    });
    expect(asNobody.stdout).toMatch(/^bridge cni0 /m);
    const ip = await node.sh('readlink -f "$(command -v ip)"');
    await node.run('mount', '--bind', '/dev/null', ip);
    const blind = await node.exec(config.argv);
    expect(blind).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('apt-get install iproute2'),
    });
    await node.run('umount', ip);
  });

  test('says so on a node that has nothing to show', async ({ node }) => {
    const { text, stderr } = await draw(node, join(node.dir, 'none'), 'tree');
    expect({ text, stderr }).toEqual({
      text: 'there is neither a bridge nor a master on this node',
      stderr: '',
    });
  });
});
