/** The config of ovs: what it accepts. */
import * as z from '#zod';
import {
  baseConfigSchema,
  cniArgsSchema,
  deviceName,
  linkMtu,
  optionalText,
  runtimeConfigSchema,
} from '../../lib/cni/config.ts';
import { trunkSchema } from '../../lib/cni/vlan.ts';
import { once } from '../../lib/once.ts';
import { vlanModes } from '../../lib/ovs/port.ts';

/** A name that ovs-vsctl, by which people make it, does not take for an option. */
export const isNoOption = (name: string): boolean => !name.startsWith('-');

const bridgeName = once(() => deviceName().check(z.refine(isNoOption, { error: 'no "-" at its beginning' })));

/** What the database takes: no NUL, no half of a surrogate pair. And a control character in a label helps nobody. */
export const isLabel = (text: string): boolean =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused here.
  text !== '' && text.length <= 1024 && text.isWellFormed() && !/[\u0000-\u001f\u007f]/.test(text);

const label = once(() =>
  z
    .string()
    .check(z.refine(isLabel, { error: 'a text of 1 to 1024 characters, none of them a control character' })),
);

const count = once(() => z.int().check(z.gte(0), z.lte(0xffff_ffff)));
/** bit/s, and bit: as in the conventions' bandwidth capability. */
const optionalBits = once(() => z.optional(z.int().check(z.gte(0))));

const bandwidth = once(() =>
  z.object({
    ingressRate: optionalBits(),
    ingressBurst: optionalBits(),
    egressRate: optionalBits(),
    egressBurst: optionalBits(),
  }),
);

/** What the node's own file may say in the config's stead. */
export const fieldsSchema = once(() =>
  z.object({
    bridge: z.optional(bridgeName()),
    portType: z.optional(z.enum(['veth', 'internal'])),
    vlan: z.optional(z.int().check(z.gte(0), z.lte(4094))),
    vlanMode: z.optional(z.enum(vlanModes)),
    trunk: z.optional(trunkSchema(0)),
    mtu: z.optional(linkMtu()),
    mac: optionalText(),
    ofport_request: z.optional(z.int().check(z.gte(0), z.lte(65279))),
    interface_type: z.optional(
      z.string().check(z.regex(/^[A-Za-z0-9_-]{0,64}$/, { error: 'a type of interface such as dpdk' })),
    ),
    deviceID: optionalText(),
    createBridge: z.optional(z.boolean()),
    externalIds: z.optional(z.record(label(), label())),
    ingressPolicingRate: z.optional(count()),
    ingressPolicingBurst: z.optional(count()),
    socket_file: optionalText(),
    link_state_check_retries: z.optional(z.int().check(z.gte(0), z.lte(1000))),
    link_state_check_interval: z.optional(z.int().check(z.gte(0), z.lte(60_000))),
  }),
);
export type Fields = z.infer<ReturnType<typeof fieldsSchema>>;

export const configSchema = once(() =>
  z.extend(baseConfigSchema(), {
    ...fieldsSchema().shape,
    configuration_path: optionalText(),
    args: z.optional(
      z.looseObject({ cni: z.optional(z.extend(cniArgsSchema(), { ovnPort: optionalText() })) }),
    ),
    runtimeConfig: z.optional(
      z.extend(runtimeConfigSchema(), { bandwidth: z.optional(bandwidth()), deviceID: optionalText() }),
    ),
  }),
);
export type Config = z.infer<ReturnType<typeof configSchema>>;
