/** Whether what an attachment's record says is still there. */
import { isObject, type JsonObject, member } from '../../lib/cni/json.ts';
import { parseResult, type Result } from '../../lib/cni/result.ts';
import type { Host, Netns } from '../../lib/exec/host.ts';
import type { AttachmentRecord } from './record.ts';
import { type Inside, lookInside } from './sandbox.ts';

/**
 * - `attached`: as it was made
 * - `unfinished`: attach was ended before its own end
 * - `missing`: the container is there, and the interface is not, or is another
 * - `gone`: the container's namespace is no more
 */
export type State = 'attached' | 'unfinished' | 'missing' | 'gone';

/** Looks at each namespace once. */
export function stateReader(host: Host): (record: AttachmentRecord) => Promise<State> {
  const looks = new Map<string, Promise<Inside | undefined>>();
  return async (record) => {
    const key = `${record.netns}\0${record.netnsId}`;
    const look = looks.get(key) ?? lookAt(host, record);
    looks.set(key, look);
    const inside = await look;
    if (inside === undefined) return 'gone';
    if (record.result === undefined) return 'unfinished';
    return isInside(record, inside) ? 'attached' : 'missing';
  };
}

async function lookAt(host: Host, record: AttachmentRecord): Promise<Inside | undefined> {
  using netns = openRecorded(host, record);
  return netns && (await lookInside(host, netns));
}

/** The namespace of a record; undefined where its path leads to none, or to another. */
export function openRecorded(
  host: Pick<Host, 'openNetns'>,
  { netns: path, netnsId }: AttachmentRecord,
): Netns | undefined {
  try {
    const netns = host.openNetns(path, false);
    if (netns.id === netnsId) return netns;
    netns[Symbol.dispose]();
  } catch {
    // Gone, or by now a path to the node's own.
  }
  return undefined;
}

/**
 * The path for DEL: empty where the namespace is gone. The kernel gives a namespace the number of one that has gone, so
 * the interface has to be the one that was made, too: plugins of other projects delete whatever has the name.
 */
export async function netnsForDel(host: Host, record: AttachmentRecord): Promise<string> {
  using netns = openRecorded(host, record);
  if (netns === undefined) return '';
  const found = (await lookInside(host, netns)).links.get(record.ifname);
  const made = macOf(record);
  const isOther = found !== undefined && made !== undefined && found.toLowerCase() !== made;
  return isOther ? '' : record.netns;
}

function isInside(record: AttachmentRecord, { links }: Inside): boolean {
  const result = resultOf(record.result);
  const own = result?.interfaces?.find(({ name, sandbox }) => name === record.ifname && sandbox);
  // A result without it tells nothing, and a function for DPDK has no link.
  if (own === undefined || own.pciID !== undefined) return true;
  const found = links.get(record.ifname);
  return found !== undefined && (own.mac === undefined || found.toLowerCase() === own.mac.toLowerCase());
}

/** The MAC address that the interface was given; undefined where no plugin has said. */
export function macOf({ result, ifname }: Pick<AttachmentRecord, 'result' | 'ifname'>): string | undefined {
  return resultOf(result)
    ?.interfaces?.find(({ name, sandbox }) => name === ifname && sandbox)
    ?.mac?.toLowerCase();
}

/** Addresses with prefix that the interface was given. */
export function addressesOf({
  result,
  ifname,
}: Pick<AttachmentRecord, 'result' | 'ifname'>): readonly string[] {
  const { ips = [], interfaces = [] } = resultOf(result) ?? {};
  return ips
    .filter(({ interface: index }) => index === undefined || interfaces[index]?.name === ifname)
    .map(({ address }) => address);
}

function resultOf(result: JsonObject | undefined): Result | undefined {
  try {
    return isObject(result) && member(result, 'cniVersion') !== undefined
      ? parseResult(result, 'the result')
      : undefined;
  } catch {
    return undefined;
  }
}
