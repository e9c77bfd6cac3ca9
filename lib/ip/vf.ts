/** Settings of virtual functions on the side of their NIC, as lines of a batch and as ip prints them (ip-link(8), "vf NUM"). */
import * as z from '#zod';
import { once } from '../once.ts';
import { isProperties } from '../plain.ts';
import type { Command } from './command.ts';
import { setMac } from './link.ts';
import { plainFunctions } from './plain.ts';
import { readPrinted } from './read.ts';

/** What a NIC has set for one of its VFs. What a driver does not tell is undefined. */
export interface VfSettings {
  /** All zero: none was set, and the VF may choose its own. */
  readonly mac: string | undefined;
  /** 0: none. */
  readonly vlan: number;
  readonly qos: number;
  /** `802.1q` or `802.1ad`. */
  readonly protocol: string;
  readonly spoofchk: boolean | undefined;
  readonly trust: boolean | undefined;
  /** auto, enable, disable. */
  readonly linkState: string | undefined;
  /** Mbit/s; 0: no limit. */
  readonly maxTxRate: number;
  readonly minTxRate: number;
}

/** What is wanted; undefined for what is to stay as it is. */
export type WantedVf = { readonly [K in keyof VfSettings]?: VfSettings[K] | undefined };

const vlanInfo = once(() =>
  z.object({
    vlan: z.optional(z.number()),
    qos: z.optional(z.number()),
    protocol: z.optional(z.string()),
  }),
);

const vfInfo = once(() =>
  z.object({
    vf: z.number(),
    // Newer releases of ip say "address", older ones "mac".
    address: z.optional(z.string()),
    mac: z.optional(z.string()),
    vlan_list: z.optional(z.array(vlanInfo())),
    vlan: z.optional(z.number()),
    qos: z.optional(z.number()),
    rate: z.optional(z.object({ max_tx: z.optional(z.number()), min_tx: z.optional(z.number()) })),
    spoofchk: z.optional(z.boolean()),
    trust: z.optional(z.boolean()),
    link_state: z.optional(z.string()),
  }),
);

export const functionList = once(() =>
  z.array(z.object({ ifname: z.string(), vfinfo_list: z.optional(z.array(vfInfo())) })),
);

const functions = {
  plain: plainFunctions,
  schema: functionList,
  otherwise: 'ip printed virtual functions in a form that is not known here',
};

/**
 * Prints a NIC with the settings of its VFs. It must be the last read of a batch: after `link show`, ip's `address show`
 * prints no addresses.
 */
export const showFunctions = (pf: string): Command => ['link', 'show', 'dev', pf];

/**
 * @returns settings by the VF's index
 * @throws CniError 999 for what ip has never printed
 */
export function readFunctions(document: unknown): ReadonlyMap<number, VfSettings> {
  const entries = Array.isArray(document)
    ? document.filter((entry: unknown) => isProperties(entry) && 'ifname' in entry)
    : [];
  return new Map(
    readPrinted(functions, entries).flatMap(({ vfinfo_list: list = [] }) =>
      list.map((info) => [info.vf, settingsOf(info)]),
    ),
  );
}

function settingsOf(info: z.infer<ReturnType<typeof vfInfo>>): VfSettings {
  const [vlan = info] = info.vlan_list ?? [];
  return {
    mac: info.address ?? info.mac,
    vlan: vlan.vlan ?? 0,
    qos: vlan.qos ?? 0,
    protocol: ('protocol' in vlan ? vlan.protocol : undefined)?.toLowerCase() ?? '802.1q',
    spoofchk: info.spoofchk,
    trust: info.trust,
    linkState: info.link_state,
    maxTxRate: info.rate?.max_tx ?? 0,
    minTxRate: info.rate?.min_tx ?? 0,
  };
}

/** One setting with the line that makes it; so an error tells which one the driver does not take. */
export interface VfCommand {
  /** Names of VfSettings that it sets. */
  readonly field: keyof VfSettings;
  readonly value: string;
  readonly command: Command;
}

const switchWord = (on: boolean | undefined): string => (on ? 'on' : 'off');

/** The words of each setting, out of what is wanted; a VLAN goes with its priority and protocol. */
const words: Readonly<
  Record<Exclude<keyof VfSettings, 'qos' | 'protocol'>, (wanted: VfSettings) => readonly string[]>
> = {
  vlan: ({ vlan, qos, protocol }) => [
    'vlan',
    String(vlan),
    ...(vlan > 0 ? ['qos', String(qos), 'proto', protocolName(protocol)] : []),
  ],
  mac: ({ mac }) => ['mac', mac ?? noMac],
  spoofchk: ({ spoofchk }) => ['spoofchk', switchWord(spoofchk)],
  trust: ({ trust }) => ['trust', switchWord(trust)],
  linkState: ({ linkState }) => ['state', linkState ?? 'auto'],
  minTxRate: ({ minTxRate }) => ['min_tx_rate', String(minTxRate)],
  maxTxRate: ({ maxTxRate }) => ['max_tx_rate', String(maxTxRate)],
};

/** What brings a VF from the settings it has to those that are wanted; nothing for what is so already, or not asked for. */
export function changeVf(
  pf: string,
  index: number,
  before: VfSettings,
  wanted: WantedVf,
): readonly VfCommand[] {
  const after = { ...before, ...definedOf(wanted) };
  const differs = (field: keyof VfSettings): boolean => before[field] !== after[field];
  const changed = (field: keyof typeof words): boolean =>
    differs(field) || (field === 'vlan' && (differs('qos') || differs('protocol')));
  // A lower limit is lowered first, and raised last: it is never above the upper one.
  const rates =
    after.minTxRate <= before.minTxRate
      ? (['minTxRate', 'maxTxRate'] as const)
      : (['maxTxRate', 'minTxRate'] as const);
  return (['vlan', 'mac', 'spoofchk', 'trust', 'linkState', ...rates] as const)
    .filter(changed)
    .map((field) => {
      const [name = '', ...values] = words[field](after);
      return {
        field,
        value: values.join(' '),
        command: ['link', 'set', 'dev', pf, 'vf', String(index), name, ...values],
      };
    });
}

/** A VF's own link, and the address that it is to have. */
export interface OwnMac {
  readonly ifname: string;
  readonly mac: string | undefined;
  readonly wanted: string | undefined;
}

/**
 * What gives a VF's link another address, and has its PF set one. While the PF has set one, igb denies the function any
 * other, so that one is taken back first; and the function's own comes before the PF's.
 * @param wanted what the PF is to set; undefined for what it has set
 */
export function changeMacs(
  pf: string,
  index: number,
  before: VfSettings,
  own: OwnMac | undefined,
  wanted: string | undefined,
): readonly VfCommand[] {
  const change = own?.wanted !== undefined && own.wanted !== own.mac ? own : undefined;
  const isSet = before.mac !== undefined && before.mac !== noMac;
  const between = change && isSet ? { ...before, mac: noMac } : before;
  return [
    ...changeVf(pf, index, before, { mac: between.mac }),
    ...(change?.wanted === undefined
      ? []
      : [{ field: 'mac' as const, value: change.wanted, command: setMac(change.ifname, change.wanted) }]),
    ...changeVf(pf, index, between, { mac: wanted ?? before.mac }),
  ];
}

/** Given to a VF, it takes back the one that it was given. */
export const noMac = '00:00:00:00:00:00';

function definedOf(settings: WantedVf): Partial<VfSettings> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** As ip takes it: 802.1Q, 802.1ad. */
function protocolName(protocol: string): string {
  return protocol === '802.1q' ? '802.1Q' : protocol;
}
