/** The config of ipvlan: what it accepts, and the plan that follows from it. */
import * as z from '#zod';
import { type ChildPlan, masterOf } from '../../lib/attach/child.ts';
import {
  baseConfigSchema,
  linkMtu,
  offByDefault,
  optionalDevice,
  optionalText,
} from '../../lib/cni/config.ts';
import type { AttachmentContext, Context } from '../../lib/cni/plugin.ts';
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import { once } from '../../lib/once.ts';

/** ip(8), "ipvlan". */
const modes = ['l2', 'l3', 'l3s'] as const;
const flags = ['bridge', 'private', 'vepa'] as const;

export const configSchema = once(() =>
  z.extend(baseConfigSchema(), {
    master: optionalDevice(),
    mode: z._default(z.enum(modes), 'l2'),
    flag: z._default(z.enum(flags), 'bridge'),
    mtu: z._default(linkMtu(), 0),
    mac: optionalText(),
    linkInContainer: offByDefault(),
  }),
);
export type Config = z.infer<ReturnType<typeof configSchema>>;

/** In these modes routes go by the device alone: there is no neighbour to be asked for a gateway's MAC address. */
export const isLayer3 = ({ mode }: Config): boolean => mode !== 'l2';

/** @throws CniError 7 where settings do not go together */
export async function planOf(context: AttachmentContext<Config>): Promise<ChildPlan> {
  const { config } = context;
  refuseContradictions(context);
  const { mode, flag, linkInContainer } = config;
  return {
    kind: 'ipvlan',
    master: await masterOf(context, config.master || chainedMaster(context), linkInContainer),
    inContainer: linkInContainer,
    mtu: config.mtu === 0 ? undefined : config.mtu,
    mac: undefined,
    options: ['mode', mode, flag],
    hint: "one link cannot have ipvlan and macvlan children, or be a bridge's port, at once",
  };
}

/**
 * Checks what does not depend on the node.
 * @throws CniError 7 where settings do not go together
 */
export function refuseContradictions(context: Context<Config>): void {
  refuseMac(context.config);
  refuseWithoutAddresses(context);
}

/** All children of a master share its MAC address. CNI_ARGS' MAC is refused by the dispatcher, unless IgnoreUnknown is set. */
export function refuseMac(config: Config): void {
  const asked = [
    ['mac', config.mac],
    ['args.cni.mac', config.args?.cni?.mac],
    ['runtimeConfig.mac', config.runtimeConfig?.mac],
  ] as const;
  const [field, mac] = asked.find(([, value]) => value) ?? [];
  if (field === undefined) return;
  throw new CniError(
    ErrorCode.invalidConfig,
    `${field}: ${show(mac)} cannot be had, since an ipvlan link has its master's MAC address; leave it out, or use macvlan`,
  );
}

function refuseWithoutAddresses({ ipam, prevResult }: Context<Config>): void {
  if (ipam || (prevResult?.ips.length ?? 0) > 0) return;
  throw new CniError(
    ErrorCode.invalidConfig,
    'ipam: missing; an ipvlan link has no use without addresses, from IPAM or from an earlier plugin of the chain',
  );
}

/**
 * In a chain: the one interface that the earlier plugins made.
 * @throws CniError 7 where there is not exactly one
 */
export function chainedMaster({ prevResult }: Context<Config>): string | undefined {
  if (prevResult === undefined) return undefined;
  const [only, ...more] = prevResult.interfaces ?? [];
  if (only !== undefined && more.length === 0) return only.name;
  throw new CniError(
    ErrorCode.invalidConfig,
    `master: none is named, and prevResult has ${more.length + (only ? 1 : 0)} interfaces, not one that could be it; name one`,
  );
}
