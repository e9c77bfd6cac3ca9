/** What `plumbline topology` says of a node. */
import { join } from 'node:path';
import type { Hub, Topology } from '../../cli/topology/model.ts';
import type { Node } from './node.ts';
import { binDir } from './paths.ts';

/** @throws where it fails, or has something to say beside the JSON */
export async function topologyOf(node: Node, ...args: readonly string[]): Promise<Topology> {
  const argv = [join(binDir, 'plumbline'), 'topology', '--json', ...args];
  const { code, stdout, stderr } = await node.exec(argv);
  if (code !== 0 || stderr !== '') throw new Error(`plumbline topology: exit status ${code}\n${stderr}`);
  return JSON.parse(stdout) as Topology;
}

/** What a bridge, a master or a NIC of the node looks like there. */
export async function hubOf(node: Node, name: string): Promise<Hub | undefined> {
  return (await topologyOf(node)).hubs.find((hub) => hub.name === name);
}
