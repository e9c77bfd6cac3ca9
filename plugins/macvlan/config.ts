/** The config of macvlan: what it accepts, and the plan that follows from it. */
import * as z from 'zod/mini';
import { type ChildPlan, masterOf } from '../../lib/attach/child.ts';
import { baseConfigSchema, deviceName, linkMtu } from '../../lib/cni/config.ts';
import { chosenMac, normalMac } from '../../lib/cni/mac.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import { randomMac } from '../../lib/exec/digest.ts';
import { parseCidr } from '../../lib/net/address.ts';

/** ip(8), "macvlan"; the default is bridge, as in the reference, though the kernel's is vepa. */
const modes = ['bridge', 'private', 'vepa', 'passthru', 'source'] as const;

const hostAccess = z.object({
  interface: z.optional(deviceName),
  address: z.string().check(
    z.refine((text) => parseCidr(text) !== undefined, {
      error: 'an address with prefix, such as 192.168.1.250/32',
    }),
  ),
});
export type HostAccess = z.infer<typeof hostAccess>;

export const configSchema = z.extend(baseConfigSchema, {
  master: z.optional(deviceName),
  mode: z._default(z.enum(modes), 'bridge'),
  mtu: z._default(linkMtu, 0),
  mac: z.optional(z.string()),
  linkInContainer: z._default(z.boolean(), false),
  bcqueuelen: z._default(z.int().check(z.gte(0), z.lte(0xffffffff)), 0),
  sourceMacs: z._default(z.array(z.string()), []),
  hostAccess: z.optional(hostAccess),
});
export type Config = z.infer<typeof configSchema>;

/** @throws CniError 7 where settings do not go together */
export async function planOf(context: AttachmentContext<Config>): Promise<ChildPlan> {
  const { config, request } = context;
  const sourceMacs = settingsOf(config);
  const { mode, bcqueuelen, linkInContainer } = config;
  return {
    kind: 'macvlan',
    master: await masterOf(context, config.master, linkInContainer),
    inContainer: linkInContainer,
    mtu: config.mtu === 0 ? undefined : config.mtu,
    // A passthru child has its master's address, and gives it its own.
    mac: chosenMac(config, request.args) ?? (mode === 'passthru' ? undefined : randomMac()),
    options: ['mode', mode, ...(bcqueuelen > 0 ? ['bcqueuelen', String(bcqueuelen)] : [])],
    settings: (device) =>
      sourceMacs.length === 0
        ? []
        : [['link', 'set', 'dev', device, 'type', 'macvlan', 'macaddr', 'set', ...sourceMacs]],
    hint:
      mode === 'passthru'
        ? "a passthru child is its master's only one; DEL the other first, or name another master"
        : "a master with a passthru child can have no other, and one link cannot have macvlan and ipvlan children, or be a bridge's port, at once",
  };
}

/**
 * Checks what does not depend on the node.
 * @returns the MAC addresses of source mode as the kernel writes them
 */
export function settingsOf({ mode, sourceMacs, hostAccess: access, linkInContainer }: Config): string[] {
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
  return sourceMacs.map((mac, index) => normalMac(mac, `sourceMacs[${index}]`));
}

const invalid = (message: string): CniError => new CniError(ErrorCode.invalidConfig, message);
