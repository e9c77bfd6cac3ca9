/** The config of veth-bridge: what it accepts, and the settings that follow from it. */
import * as z from '#zod';
import {
  baseConfigSchema,
  deviceName,
  linkMtu,
  offByDefault,
  optionalDevice,
  optionalText,
} from '../../lib/cni/config.ts';
import { chosenMac } from '../../lib/cni/mac.ts';
import type { Context } from '../../lib/cni/plugin.ts';
import { trunkSchema, vlansOf } from '../../lib/cni/vlan.ts';
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import { once } from '../../lib/once.ts';

const uplink = once(() => z.object({ device: deviceName(), migrateAddresses: offByDefault() }));

export const configSchema = once(() =>
  z.extend(baseConfigSchema(), {
    bridge: z._default(deviceName(), 'cni0'),
    isGateway: offByDefault(),
    isDefaultGateway: offByDefault(),
    forceAddress: offByDefault(),
    ipMasq: offByDefault(),
    ipMasqBackend: z._default(z.enum(['nftables', 'iptables']), 'nftables'),
    mtu: z._default(linkMtu(), 0),
    hairpinMode: offByDefault(),
    promiscMode: offByDefault(),
    vlan: z._default(z.int().check(z.gte(0), z.lte(4094)), 0),
    vlanTrunk: z._default(trunkSchema(1), []),
    preserveDefaultVlan: offByDefault(),
    macspoofchk: offByDefault(),
    portIsolation: offByDefault(),
    enabledad: offByDefault(),
    disableContainerInterface: offByDefault(),
    mac: optionalText(),
    hostInterfaceName: optionalDevice(),
    uplink: z.optional(uplink()),
  }),
);
export type Config = z.infer<ReturnType<typeof configSchema>>;
export type Uplink = z.infer<ReturnType<typeof uplink>>;

/** VLANs of a port; VLAN filtering is on where there are any. */
export interface Vlans {
  /** The VLAN that untagged frames of the container belong to; undefined on a port without VLANs. */
  readonly native: number | undefined;
  /** Tagged VLANs, without repeats, in order. */
  readonly tagged: readonly number[];
  readonly keepDefault: boolean;
}

/** The settings of one call, checked against each other. */
export interface Settings {
  readonly bridge: string;
  readonly gateway: boolean;
  readonly defaultGateway: boolean;
  readonly mtu: number | undefined;
  readonly vlans: Vlans | undefined;
  /** MAC asked for, in whichever way. */
  readonly mac: string | undefined;
  /** Where the gateway's address sits: the bridge, or `<bridge>.<vlan>`. */
  readonly gatewayDevice: string;
}

/** @throws CniError 7 where settings exclude each other */
export function settingsOf({ config, request }: Context<Config>): Settings {
  refuseTogether(config, 'hairpinMode', 'promiscMode', config.hairpinMode && config.promiscMode);
  const { disableContainerInterface, ipam, vlan } = config;
  refuseTogether(config, 'disableContainerInterface', 'ipam', disableContainerInterface && !!ipam?.type);
  const gateway = config.isGateway || config.isDefaultGateway;
  const gatewayDevice = gateway && vlan > 0 ? `${config.bridge}.${vlan}` : config.bridge;
  if (Buffer.byteLength(gatewayDevice) > 15) {
    throw invalid(
      `bridge: the gateway of VLAN ${vlan} would be named ${show(gatewayDevice)}, longer than the 15 bytes that a link's name has; ` +
        'shorten the bridge name',
    );
  }
  if (config.uplink?.device === config.bridge) {
    throw invalid(
      `uplink.device: ${show(config.bridge)} is the bridge itself; name the NIC that is to be its port`,
    );
  }
  return {
    bridge: config.bridge,
    gateway,
    defaultGateway: config.isDefaultGateway,
    mtu: config.mtu === 0 ? undefined : config.mtu,
    vlans: portVlansOf(config),
    mac: chosenMac(config, request.args),
    gatewayDevice,
  };
}

function portVlansOf({ vlan, vlanTrunk, preserveDefaultVlan }: Config): Vlans | undefined {
  const native = vlan > 0 ? vlan : undefined;
  const tagged = vlansOf(vlanTrunk).filter((id) => id !== native);
  if (native === undefined && tagged.length === 0) return undefined;
  return {
    native,
    tagged,
    // A trunk without a VLAN of its own keeps VLAN 1 as its native one.
    keepDefault: preserveDefaultVlan || native === undefined,
  };
}

function refuseTogether(config: Config, a: keyof Config, b: keyof Config, both: boolean): void {
  if (both)
    throw invalid(
      `${a} and ${b} exclude each other (${show(config[a])}, ${show(config[b])}); leave one of them out`,
    );
}

const invalid = (message: string): CniError => new CniError(ErrorCode.invalidConfig, message);
