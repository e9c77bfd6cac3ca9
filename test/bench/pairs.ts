/** Pairs of containers that traffic goes between: one that the plugin wires, and two by hand. */
import { randomBytes } from 'node:crypto';
import { nameInside } from '../support/by-hand.ts';
import { type Container, createContainer } from '../support/container.ts';
import { type Contender, callOf, configOf } from './contenders.ts';
import { type Floor, type FloorEnd, floorAddress, floorCall } from './floor.ts';
import { type Scenario, trunkOf } from './scenarios.ts';
import type { Sandbox } from './station.ts';
import { rotated } from './statistics.ts';

export const wirings = ['ours', 'byHand', 'byHandAgain'] as const;
export type Wiring = (typeof wirings)[number];
export type Pairs = Readonly<Record<Wiring, Pair>>;

export interface Pair {
  readonly from: Container;
  readonly to: Container;
  /** Of `to`. */
  readonly address: string;
  /** Name of the link of `from` in there. */
  readonly link: string;
  /** Name that it has on the node, if it has one there. */
  readonly nodeLink: string | undefined;
  /** Takes the wires and the containers away. */
  unwire(): Promise<void>;
}

/** Wires all, in turns as to who is first, on the same switch of the node of ours. */
export async function wireAll(ours: Contender, floor: Floor, round: number): Promise<Pairs> {
  const make: Readonly<Record<Wiring, () => Promise<Pair>>> = {
    ours: () => byPlugin(ours, floor),
    byHand: () => byHand(ours, floor, [2, 3]),
    byHandAgain: () => byHand(ours, floor, [4, 5]),
  };
  const made = new Map<Wiring, Pair>();
  for (const wiring of rotated(wirings, round)) made.set(wiring, await make[wiring]());
  return Object.fromEntries(made) as Pairs;
}

/** What is read of a result. */
interface Result {
  readonly interfaces?: readonly { readonly name: string; readonly sandbox?: string }[];
  readonly ips?: readonly { readonly address: string }[];
}

async function byPlugin(contender: Contender, { scenario, number }: Floor): Promise<Pair> {
  const { station } = contender;
  const config = configOf(contender, number, scenario);
  const [from, to] = [await createContainer(station.node), await createContainer(station.node)];
  const add = async (container: Container): Promise<Result> => {
    const { stdout } = await station.run(callOf(contender, 'ADD', config, sandboxOf(container)));
    return JSON.parse(stdout) as Result;
  };
  const { interfaces = [] } = await add(from);
  const { ips: [ip] = [] } = await add(to);
  if (ip === undefined) throw new Error(`${scenario.plugin} gave no address`);
  return {
    from,
    to,
    address: ip.address.replace(/\/.*/, ''),
    link: 'eth0',
    nodeLink: nodeLinkIn(interfaces, scenario, number),
    async unwire() {
      for (const container of [from, to]) {
        await station.run(callOf(contender, 'DEL', config, sandboxOf(container)));
        await container.remove();
      }
    },
  };
}

function nodeLinkIn(
  interfaces: NonNullable<Result['interfaces']>,
  { plugin }: Scenario,
  number: number,
): string | undefined {
  return interfaces.find(({ name, sandbox }) => !sandbox && name !== trunkOf(plugin, number))?.name;
}

async function byHand(
  { station }: Contender,
  floor: Floor,
  [first, second]: readonly [number, number],
): Promise<Pair> {
  const [from, to] = [await createContainer(station.node), await createContainer(station.node)];
  // Open vSwitch numbers its ports by the digits in their names: as much by chance as the plugin's.
  const endOf = (container: Container, host: number): FloorEnd & { readonly name: string } => ({
    sandbox: sandboxOf(container),
    host,
    name: `hand${randomBytes(5).toString('hex')}`,
  });
  const ends = [endOf(from, first), endOf(to, second)] as const;
  for (const end of ends) await station.run(floorCall('ADD', floor, end));
  return {
    from,
    to,
    address: floorAddress(floor, second),
    link: nameInside(floor.wiring, ends[0]),
    nodeLink: ends[0].name,
    async unwire() {
      for (const end of ends) await station.run(floorCall('DEL', floor, end));
      for (const container of [from, to]) await container.remove();
    },
  };
}

const sandboxOf = ({ id, path }: Container): Sandbox => ({ id, netns: path });
