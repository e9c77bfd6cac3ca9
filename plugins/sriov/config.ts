/** The config of sriov: what it accepts, and the settings that follow from it. */
import * as z from '#zod';
import {
  baseConfigSchema,
  linkMtu,
  offByDefault,
  optionalText,
  runtimeConfigSchema,
} from '../../lib/cni/config.ts';
import { chosenMac } from '../../lib/cni/mac.ts';
import type { Context } from '../../lib/cni/plugin.ts';
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import type { VfSettings, WantedVf } from '../../lib/ip/vf.ts';
import { once } from '../../lib/once.ts';
import { isPciAddress } from '../../lib/pci/function.ts';

const rate = once(() => z.int().check(z.gte(0), z.lte(0xffff_ffff)));
const onOff = once(() => z.enum(['on', 'off']));

export const isVlanProtocol = (text: string): boolean => /^802\.1(?:q|ad)$/i.test(text);

export const configSchema = once(() =>
  z.extend(baseConfigSchema(), {
    deviceID: optionalText(),
    master: optionalText(),
    numVfs: z.optional(z.int().check(z.gte(1), z.lte(65535))),
    vlan: z.optional(z.int().check(z.gte(0), z.lte(4094))),
    vlanQoS: z.optional(z.int().check(z.gte(0), z.lte(7))),
    vlanProto: z.optional(z.string().check(z.refine(isVlanProtocol, { error: '802.1q or 802.1ad' }))),
    mtu: z._default(linkMtu(), 0),
    mac: optionalText(),
    spoofchk: z.optional(onOff()),
    trust: z.optional(onOff()),
    link_state: z.optional(z.enum(['auto', 'enable', 'disable'])),
    min_tx_rate: z.optional(rate()),
    max_tx_rate: z.optional(rate()),
    keepName: offByDefault(),
    runtimeConfig: z.optional(z.extend(runtimeConfigSchema(), { deviceID: optionalText() })),
  }),
);
export type Config = z.infer<ReturnType<typeof configSchema>>;

/** Fields of the config by the setting of the VF that they make: for errors. */
export const fieldOf: Readonly<Record<keyof VfSettings, string>> = {
  mac: 'mac',
  vlan: 'vlan',
  qos: 'vlanQoS',
  protocol: 'vlanProto',
  spoofchk: 'spoofchk',
  trust: 'trust',
  linkState: 'link_state',
  maxTxRate: 'max_tx_rate',
  minTxRate: 'min_tx_rate',
};

export interface Settings {
  /** PCI address of the VF. */
  readonly deviceId: string | undefined;
  /** The field that it comes from. */
  readonly deviceField: string;
  /** The PF that one is taken from, by name or PCI address. */
  readonly master: string | undefined;
  readonly numVfs: number | undefined;
  readonly mac: string | undefined;
  readonly mtu: number | undefined;
  readonly keepName: boolean;
  /** What the PF is to set; undefined for what is to stay as it is. */
  readonly vf: WantedVf;
}

/** @throws CniError 7 where settings do not go together */
export function settingsOf({ config, request }: Context<Config>): Settings {
  const deviceField = config.runtimeConfig?.deviceID ? 'runtimeConfig.deviceID' : 'deviceID';
  const deviceId = deviceIdOf(config.runtimeConfig?.deviceID || config.deviceID, deviceField);
  const master = config.master || undefined;
  if (deviceId === undefined && master === undefined) {
    throw invalid('deviceID: missing; give the PCI address of a virtual function, or name its NIC by master');
  }
  if (config.numVfs !== undefined && master === undefined) {
    throw invalid(`numVfs: ${config.numVfs} needs master, the NIC whose virtual functions they are to be`);
  }
  refuseContradictions(config);
  const mac = chosenMac(config, request.args);
  return {
    deviceId,
    deviceField,
    master,
    numVfs: config.numVfs,
    mac,
    mtu: config.mtu === 0 ? undefined : config.mtu,
    keepName: config.keepName,
    vf: vfSettingsOf(config, mac),
  };
}

function deviceIdOf(device: string | undefined, field: string): string | undefined {
  if (!device) return undefined;
  const id = device.toLowerCase();
  if (isPciAddress(id)) return id;
  throw invalid(`${field}: ${show(device)} is not a PCI address such as 0000:03:10.2`);
}

function refuseContradictions({
  vlan,
  vlanQoS,
  vlanProto,
  min_tx_rate: min,
  max_tx_rate: max,
}: Config): void {
  const without = `needs a vlan of 1 to 4094 (vlan is ${vlan ?? 'not set'})`;
  if (!vlan && vlanQoS) throw invalid(`vlanQoS: ${vlanQoS} ${without}`);
  if (!vlan && vlanProto?.toLowerCase() === '802.1ad')
    throw invalid(`vlanProto: ${show(vlanProto)} ${without}`);
  if (min !== undefined && max !== undefined && max > 0 && min > max) {
    throw invalid(`min_tx_rate: ${min} is more than max_tx_rate, ${max} Mbit/s`);
  }
}

function vfSettingsOf(config: Config, mac: string | undefined): WantedVf {
  const { vlan, vlanQoS = 0, vlanProto = '802.1q', spoofchk, trust } = config;
  const isOn = (word: 'on' | 'off' | undefined): boolean | undefined => word && word === 'on';
  return {
    mac,
    // A VLAN is set whole: what is not asked for is not what an earlier one had.
    ...(vlan === undefined
      ? {}
      : { vlan, qos: vlanQoS, protocol: vlan > 0 ? vlanProto.toLowerCase() : '802.1q' }),
    spoofchk: isOn(spoofchk),
    trust: isOn(trust),
    linkState: config.link_state,
    minTxRate: config.min_tx_rate,
    maxTxRate: config.max_tx_rate,
  };
}

export const invalid = (message: string): CniError => new CniError(ErrorCode.invalidConfig, message);
