/** What many containers leave on a node, without the containers: links, elements of rules, reservations, notes, routes, rows. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { aliasOf, commentOf, hostVethName, type Identity, identify } from '../../../lib/cni/identity.ts';
import { digest } from '../../../lib/exec/digest.ts';
import { type Address, type Cidr, formatAddress, parseCidr } from '../../../lib/net/address.ts';
import { antiSpoofBase, createGuard } from '../../../lib/nft/antispoof.ts';
import { createMasquerade, masqueradeBase, masqueradeChain } from '../../../lib/nft/masquerade.ts';
import {
  insert,
  isNamed,
  mapOfTexts,
  mutate,
  named,
  type Operation,
  setOf,
} from '../../../lib/ovs/operation.ts';
import { addBridge } from '../../../lib/ovs/port.ts';
import type { Node, Ovs } from '../../support/index.ts';

/** The containers of a crowd, by number. */
export const someone = (network: string, number: number): Identity =>
  identify({ network, containerId: `${number}`.padStart(64, '0'), ifname: 'eth0' });

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** Ports of a bridge, with the labels that ADD gives them; both ends of each pair are one. */
export async function plugPorts(node: Node, network: string, bridge: string, count: number): Promise<void> {
  const names = numbers(count).map((number) => {
    const identity = someone(network, number);
    return { name: hostVethName(identity), alias: aliasOf(identity) };
  });
  const pairs = names.flatMap(({ name }, index) => {
    const peer = names[index + 1]?.name;
    return index % 2 === 0 && peer !== undefined
      ? [`link add name ${name} master ${bridge} type veth peer name ${peer}`]
      : [];
  });
  const labels = names.flatMap(({ name, alias }) => [
    `link set dev ${name} alias ${alias}`,
    `link set dev ${name} master ${bridge}`,
  ]);
  await node.batch([...pairs, ...labels].join('\n'));
}

/** Elements of masquerading and anti-spoofing, as ADD makes them, for addresses from the first one on. */
export async function masqueradeMany(
  node: Node,
  network: string,
  first: string,
  count: number,
): Promise<void> {
  const start = cidr(first);
  const elements = numbers(count).flatMap((number) => {
    const identity = someone(network, number);
    const owner = { network, key: identity.key, comment: commentOf(identity) };
    const mac = `02:00:${[24, 16, 8, 0].map((bits) => ((number >> bits) & 255).toString(16).padStart(2, '0')).join(':')}`;
    return [
      ...createMasquerade(owner, { ...start, address: later(start.address, number) }),
      ...createGuard({ port: hostVethName(identity), mac, comment: owner.comment }),
    ];
  });
  const owner = { network, key: '', comment: '' };
  await node.nft(
    [...masqueradeBase, ...antiSpoofBase, ...masqueradeChain(owner, start), ...elements, ''].join('\n'),
  );
}

/** Reservations with what else ADD leaves of each, for addresses from the first one on; each hundredth is left out. */
export function reserveMany(node: Node, network: string, first: string, count: number): void {
  const folder = join(node.dataDir, network);
  const index = join(node.dataDir, '.plumbline', network);
  for (const path of [folder, index]) mkdirSync(path, { recursive: true });
  const { address } = cidr(first);
  for (const number of numbers(count).filter((each) => each % 100 !== 99)) {
    const { containerId, ifname } = someone(network, number);
    writeFileSync(join(folder, formatAddress(later(address, number))), `${containerId}\r\n${ifname}`);
    writeFileSync(join(index, digest(32, containerId, ifname)), '');
  }
}

/** Containers that a hostAccess interface of a master serves: notes, and the node's routes. */
export async function serveMany(
  node: Node,
  network: string,
  device: string,
  first: string,
  count: number,
): Promise<void> {
  const folder = node.path(`/run/plumbline/host-access/${device}`);
  const { address } = cidr(first);
  const served = numbers(count).map((number) => ({
    key: someone(network, number).key,
    text: formatAddress(later(address, number)),
  }));
  for (const { key, text } of served) {
    writeNew(join(folder, 'of', key, `${text}@${digest(16, network)}`));
    writeNew(join(folder, 'at', text, key));
  }
  await node.batch(served.map(({ text }) => `route add ${text} dev ${device}`).join('\n'));
}

/** Ports whose rows one transaction makes: it has to fit into one argument. */
const rowsAtOnce = 50;

/**
 * Rows of ports, every tenth with a limit, as ADD makes them on this node and boot. They are on a bridge of their own, of a
 * datapath that ovs-vswitchd does not know, so that it asks for no links; their marks name the bridge that is given.
 */
export async function fillDatabase(ovs: Ovs, network: string, bridge: string, count: number): Promise<void> {
  const { node } = ovs;
  const crowd = 'br-crowd';
  const whose = {
    owner: 'plumbline',
    network,
    bridge,
    machine: await node.run('cat', '/etc/machine-id'),
    boot: await node.run('cat', '/proc/sys/kernel/random/boot_id'),
  };
  const rowsOf = (number: number): readonly Operation[] => {
    const identity = someone(network, number);
    const { containerId, ifname, mark } = identity;
    const ids = {
      ...whose,
      attachment: mark,
      'container-id': containerId,
      interface: ifname,
      netns: `/run/netns/${number}`,
    };
    const external_ids = mapOfTexts(ids);
    const name = hostVethName(identity);
    const isLimited = number % 10 === 0;
    return [
      insert('Interface', { name, external_ids }, `interface${number}`),
      ...(isLimited
        ? [
            insert('Queue', { external_ids }, `queue${number}`),
            insert('QoS', { queues: ['map', [[0, named(`queue${number}`)]]], external_ids }, `qos${number}`),
          ]
        : []),
      insert(
        'Port',
        {
          name,
          interfaces: named(`interface${number}`),
          ...(isLimited ? { qos: named(`qos${number}`) } : {}),
          external_ids,
        },
        `port${number}`,
      ),
    ];
  };
  const transact = (operations: readonly Operation[]): Promise<string> =>
    node.run(
      ...['ovsdb-client', 'transact', `unix:${ovs.socket}`],
      JSON.stringify(['Open_vSwitch', ...operations]),
    );
  await transact(addBridge(crowd, 'none'));
  for (let first = 0; first < count; first += rowsAtOnce) {
    const some = numbers(Math.min(rowsAtOnce, count - first)).map((number) => first + number);
    const ports = setOf(some.map((number) => named(`port${number}`)));
    await transact([...some.flatMap(rowsOf), mutate('Bridge', isNamed(crowd), ['ports', 'insert', ports])]);
  }
}

function writeNew(path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
}

const later = ({ family, value }: Address, number: number): Address => ({
  family,
  value: value + BigInt(number),
});

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`no address with prefix: ${text}`);
  return parsed;
}
