/** The kernel's share of the work: the same wiring by a shell script. */
import { byHand, type HandMade, masqueradeByHand } from '../support/by-hand.ts';
import { systemPath } from '../support/paths.ts';
import type { Command } from './protocol.ts';
import { databaseOf, type Scenario, trunkOf } from './scenarios.ts';
import type { Sandbox, Station } from './station.ts';

/** A network made by hand. */
export interface Floor {
  readonly scenario: Scenario;
  readonly wiring: HandMade;
  /** Its subnet is `10.<number>.0.0/16`. */
  readonly number: number;
}

/** @returns undefined where nothing is made by hand in this scenario */
export function floorOf(scenario: Scenario, number: number): Floor | undefined {
  const { byHand: wiring } = scenario;
  return wiring === undefined ? undefined : { scenario, wiring, number };
}

/** A container in it. */
export interface FloorEnd {
  readonly sandbox: Sandbox;
  /** Its number in the network. */
  readonly host: number;
  /** Of its link or port on the node; after network and number by default. */
  readonly name?: string;
}

/** Of a container's link or port on the node. */
export const floorName = (number: number, host: number): string => `floor${number}-${host}`;

/** Outside of what host-local gives to the first thousands. */
export const floorAddress = ({ number }: Floor, host: number): string => `10.${number}.200.${host}`;

export function floorCall(
  command: 'ADD' | 'DEL',
  floor: Floor,
  { sandbox: { netns }, host, name = floorName(floor.number, host) }: FloorEnd,
): Command {
  const { scenario, wiring, number } = floor;
  const link = {
    name,
    netns,
    address: `${floorAddress(floor, host)}/16`,
    gateway: `10.${number}.0.1`,
    trunk: trunkOf(scenario.plugin, number),
    ...(scenario.datapath === undefined ? {} : { database: databaseOf(scenario.datapath) }),
  };
  return { argv: byHand(command, wiring, link), env: { PATH: systemPath }, input: '' };
}

/** Makes what a node has before its first container, where otherwise the plugin makes it. */
export async function prepareFloor(
  { node }: Station,
  { scenario: { plugin }, wiring, number }: Floor,
): Promise<void> {
  if (plugin !== 'veth-bridge') return;
  const bridge = trunkOf(plugin, number);
  await node.sh(`
    ip link add ${bridge} type bridge
    ip address add 10.${number}.0.1/16 dev ${bridge}
    ip link set ${bridge} up
    sysctl -qw net.ipv4.ip_forward=1
  `);
  if (wiring === 'veth-bridge-masqueraded') await node.sh(masqueradeByHand(`10.${number}.0.0/16`));
}
