/** The config of macvlan: what it accepts, and the plan that follows from it. */
import * as z from '#zod';
import { type ChildPlan, masterOf } from '../../lib/attach/child.ts';
import {
  baseConfigSchema,
  linkMtu,
  offByDefault,
  optionalDevice,
  optionalText,
} from '../../lib/cni/config.ts';
import { chosenMac, normalMac } from '../../lib/cni/mac.ts';
import type { AttachmentContext, Context } from '../../lib/cni/plugin.ts';
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import { randomMac } from '../../lib/exec/digest.ts';
import type { Command } from '../../lib/ip/command.ts';
import { setMac } from '../../lib/ip/link.ts';
import { isCidr } from '../../lib/net/schema.ts';
import { once } from '../../lib/once.ts';

/** ip(8), "macvlan"; the default is bridge, as in the reference, though the kernel's is vepa. */
const modes = ['bridge', 'private', 'vepa', 'passthru', 'source'] as const;

const hostAccess = once(() =>
  z.object({
    interface: optionalDevice(),
    address: z
      .string()
      .check(z.refine(isCidr, { error: 'an address with prefix, such as 192.168.1.250/32' })),
  }),
);
export type HostAccess = z.infer<ReturnType<typeof hostAccess>>;

export const configSchema = once(() =>
  z.extend(baseConfigSchema(), {
    master: optionalDevice(),
    mode: z._default(z.enum(modes), 'bridge'),
    mtu: z._default(linkMtu(), 0),
    mac: optionalText(),
    linkInContainer: offByDefault(),
    bcqueuelen: z._default(z.int().check(z.gte(0), z.lte(0xffffffff)), 0),
    sourceMacs: z._default(z.array(z.string()), []),
    hostAccess: z.optional(hostAccess()),
  }),
);
export type Config = z.infer<ReturnType<typeof configSchema>>;

/** @throws CniError as {@link settingsOf}, and 7 where there is no master */
export async function planOf(context: AttachmentContext<Config>): Promise<ChildPlan> {
  const { config } = context;
  const { mac, sources } = settingsOf(context);
  const { mode, bcqueuelen, linkInContainer } = config;
  return {
    kind: 'macvlan',
    master: await masterOf(context, config.master, linkInContainer),
    inContainer: linkInContainer,
    mtu: config.mtu === 0 ? undefined : config.mtu,
    // A passthru child has its master's address.
    mac: mac ?? (mode === 'passthru' ? undefined : randomMac()),
    options: ['mode', mode, ...(bcqueuelen > 0 ? ['bcqueuelen', String(bcqueuelen)] : [])],
    settings: (device) => [
      // It is made with its master's address, whatever was asked for; set afterwards, the master has it too.
      ...(mode === 'passthru' && mac !== undefined ? [setMac(device, mac)] : []),
      ...(sources.length > 0 ? [setSources(device, sources)] : []),
    ],
    hint:
      mode === 'passthru'
        ? "a passthru child is its master's only one; DEL the other first, or name another master"
        : "a master with a passthru child can have no other, and one link cannot have macvlan and ipvlan children, or be a bridge's port, at once",
  };
}

const setSources = (device: string, macs: readonly string[]): Command => [
  ...['link', 'set', 'dev', device, 'type', 'macvlan', 'macaddr', 'set', ...macs],
];

export interface Settings {
  /** The one asked for. */
  readonly mac: string | undefined;
  /** MAC addresses of source mode, as the kernel writes them. */
  readonly sources: readonly string[];
}

/**
 * Checks what does not depend on the node.
 * @throws CniError 7 where settings do not go together, or 4 for a MAC address of CNI_ARGS that is none
 */
export function settingsOf({ config, ipam, request }: Context<Config>): Settings {
  const { mode, sourceMacs, hostAccess: access, linkInContainer } = config;
  if (mode === 'source' && sourceMacs.length === 0) {
    throw invalid('sourceMacs: missing; mode "source" lets in only the MAC addresses that it lists');
  }
  if (mode !== 'source' && sourceMacs.length > 0) {
    throw invalid(`sourceMacs: only mode "source" has them, and mode is ${show(mode)}`);
  }
  if (access && (mode !== 'bridge' || linkInContainer)) {
    throw invalid(
      `hostAccess: works in mode "bridge" with the master on the node only (mode ${show(mode)}, linkInContainer ${linkInContainer})`,
    );
  }
  if (access && ipam === undefined) {
    throw invalid(
      'hostAccess: needs addresses to lead the node to, and there is no ipam; leave it out, or add ipam',
    );
  }
  return {
    mac: chosenMac(config, request.args),
    // The kernel keeps each once.
    sources: [...new Set(sourceMacs.map((mac, index) => normalMac(mac, `sourceMacs[${index}]`)))],
  };
}

const invalid = (message: string): CniError => new CniError(ErrorCode.invalidConfig, message);
