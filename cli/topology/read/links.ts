/** Links with their addresses, and VLANs of bridge ports: one child each. */
import * as z from '#zod';
import { asCniError, CniError, ErrorCode } from '../../../lib/errors.ts';
import type { Host } from '../../../lib/exec/host.ts';
import { parseDocument } from '../../../lib/ip/document.ts';
import type { Link } from '../facts.ts';
import type { State, Vlan } from '../model.ts';
import { type Range, rangesOf } from './ranges.ts';

const record = z.record(z.string(), z.unknown());

/** What `ip -details -json address show` prints, as far as it matters here. */
const linkSchema = z.object({
  ifindex: z.number(),
  ifname: z.string(),
  flags: z.array(z.string()),
  mtu: z.number(),
  master: z.optional(z.string()),
  address: z.optional(z.string()),
  ifalias: z.optional(z.string()),
  link: z.optional(z.nullable(z.string())),
  link_index: z.optional(z.number()),
  link_netnsid: z.optional(z.number()),
  parentdev: z.optional(z.string()),
  linkinfo: z.optional(
    z.object({
      info_kind: z.optional(z.string()),
      info_data: z.optional(record),
      info_slave_data: z.optional(record),
    }),
  ),
  addr_info: z.optional(
    z.array(
      z.object({ local: z.optional(z.string()), prefixlen: z.number(), scope: z.optional(z.string()) }),
    ),
  ),
});

/** @throws CniError 101 with ip's words, 999 for what it has never printed */
export async function readNodeLinks(host: Host): Promise<readonly Link[]> {
  const { status, stdout, stderr } = await host.runner.run('ip', ['-details', '-json', 'address', 'show']);
  if (status !== 0) throw new CniError(ErrorCode.commandFailed, `ip address show failed: ${stderr.trim()}`);
  return parseLinks(stdout);
}

function parsePrinted(text: string): unknown {
  try {
    return parseDocument(text);
  } catch (error) {
    throw unknownForm(asCniError(error).message);
  }
}

/**
 * @param text one JSON document, as ip prints it
 * @throws CniError 999 for what ip has never printed
 */
export function parseLinks(text: string): readonly Link[] {
  const document = parsePrinted(text);
  const entries = Array.isArray(document) ? document.filter((entry) => !isEmpty(entry)) : document;
  const parsed = z.safeParse(z.array(linkSchema), entries);
  if (parsed.success) return parsed.data.map(linkOf);
  throw unknownForm(JSON.stringify(parsed.error.issues.slice(0, 3)));
}

const unknownForm = (details: string): CniError =>
  new CniError(
    ErrorCode.internal,
    'ip printed links in a form that is not known here; iproute2 5.10 or later is needed',
    details,
  );

const isEmpty = (entry: unknown): boolean =>
  typeof entry === 'object' && entry !== null && Object.keys(entry).length === 0;

function linkOf(link: z.infer<typeof linkSchema>): Link {
  const { info_kind: kind, info_data: data = {}, info_slave_data: port = {} } = link.linkinfo ?? {};
  const { mode, id } = data;
  return {
    index: link.ifindex,
    name: link.ifname,
    kind,
    state: stateOf(link.flags),
    mtu: link.mtu,
    mac: link.address,
    alias: link.ifalias,
    master: link.master,
    lower: link.link ?? undefined,
    lowerIndex: link.link_index,
    lowerNetns: link.link_netnsid,
    device: link.parentdev,
    mode: typeof mode === 'string' ? mode : undefined,
    tag: typeof id === 'number' ? id : undefined,
    vlanFiltering: data['vlan_filtering'] === 1,
    isolated: port['isolated'] === true,
    hairpin: port['hairpin'] === true,
    addresses: (link.addr_info ?? [])
      .filter(({ local, scope }) => local !== undefined && scope !== 'link')
      .map(({ local, prefixlen }) => `${local}/${prefixlen}`),
  };
}

function stateOf(flags: readonly string[]): State {
  if (!flags.includes('UP')) return 'down';
  return flags.includes('LOWER_UP') ? 'up' : 'no-carrier';
}

const vlanSchema = z.array(
  z.object({
    ifname: z.string(),
    vlans: z.array(
      z.object({
        vlan: z.number(),
        vlanEnd: z.optional(z.number()),
        flags: z.optional(z.array(z.string())),
      }),
    ),
  }),
);

/** VLANs of all ports of bridges, by the ports' names; none where this kernel or ip does not tell them. */
export async function readVlans(host: Host): Promise<ReadonlyMap<string, Vlan>> {
  const { status, stdout } = await host.runner.run('bridge', ['-json', '-compressvlans', 'vlan', 'show']);
  // An old release prints nothing at all where there is none.
  if (status !== 0 || stdout.trim() === '') return new Map();
  const { data = [] } = z.safeParse(vlanSchema, JSON.parse(stdout));
  return new Map(
    data.flatMap(({ ifname, vlans }) => {
      const vlan = vlanOf(vlans);
      return vlan === undefined ? [] : [[ifname, vlan] as const];
    }),
  );
}

function vlanOf(vlans: z.infer<typeof vlanSchema>[number]['vlans']): Vlan | undefined {
  const has = (flags: readonly string[] | undefined, flag: string): boolean => flags?.includes(flag) ?? false;
  const native = vlans.find(({ flags }) => has(flags, 'PVID'));
  const ranges = vlans.map(({ vlan, vlanEnd = vlan }): Range => [vlan, vlanEnd]);
  if (vlans.length === 0) return undefined;
  if (native === undefined) return { mode: 'trunk', trunks: rangesOf(ranges) };
  const tag = native.vlan;
  const isUntagged = has(native.flags, 'Egress Untagged');
  if (vlans.length === 1 && isUntagged) return { mode: 'access', tag };
  return { mode: isUntagged ? 'native-untagged' : 'native-tagged', tag, trunks: rangesOf(ranges) };
}
