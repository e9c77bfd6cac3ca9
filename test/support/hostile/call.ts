/** A hostile call, and what must come of it. */
import * as fc from 'fast-check';
import type { CniFailure } from '../cni-result.ts';

export type AttachmentCommand = 'ADD' | 'DEL' | 'CHECK';
export type HostileCommand = AttachmentCommand | 'GC' | 'STATUS';
export const allCommands: readonly HostileCommand[] = ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS'];
export const isAttachment = (command: string): boolean => ['ADD', 'DEL', 'CHECK'].includes(command);

/** Stands in texts for the host's own dataDir, and the folder with its plugins. */
export const DATA = '@DATA@';
export const BIN = '@BIN@';
/** In a config, as a text: the result of the ADD before. */
export const RESULT = '@RESULT@';

export type BasePlugin = 'veth-bridge' | 'host-local';
export type ChildPlugin = 'macvlan' | 'ipvlan';

export interface HostileCall {
  /** What is hostile about it, for the one who reads a failure. */
  readonly what: string;
  readonly command: string;
  readonly plugin: BasePlugin | ChildPlugin | 'ovs';
  readonly stdin: string;
  /** Over the usual environment; undefined takes a variable out. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Before it comes an ordinary ADD, with these of its variables. */
  readonly after?: Readonly<Record<string, string | undefined>>;
  /** What an executed IPAM plugin answers. */
  readonly ipam?: { readonly status: number; readonly stdout: string };
  /** Links that it may try to change, besides those that an ordinary call does. */
  readonly links?: readonly string[];
  /** The error's code, 0 for success. */
  readonly expected: number;
  /** What comes of it only where everything else is made up. */
  readonly onlyRecorded?: boolean;
}

export type Json = Readonly<Record<string, unknown>>;

/** An ordinary config, which a hostile one is made from. */
export function ordinary(plugin: HostileCall['plugin'], command: string): Json {
  return {
    // The newest, and so the only one in which all commands are.
    cniVersion: command === 'GC' || command === 'STATUS' ? '1.1.0' : '1.0.0',
    name: 'pods',
    type: plugin,
    ...fieldsOf(plugin),
    ipam: {
      type: 'host-local',
      dataDir: DATA,
      ranges: [[{ subnet: '10.1.0.0/16' }], [{ subnet: 'fd00:1::/64' }]],
    },
  };
}

function fieldsOf(plugin: HostileCall['plugin']): Json {
  if (plugin === 'ovs') return { bridge: 'br-int', vlan: 100, externalIds: { note: 'x' } };
  return plugin === 'macvlan' || plugin === 'ipvlan' ? onMaster(plugin) : onBridge;
}

const onBridge: Json = { bridge: 'cni0', isDefaultGateway: true, ipMasq: true, macspoofchk: true };
const onMaster = (plugin: ChildPlugin): Json => ({
  master: 'uplink',
  ...(plugin === 'macvlan' ? { hostAccess: { address: '10.1.255.250/32' } } : {}),
});

/** What is left to say about a call beside its config. */
export type Details = Pick<HostileCall, 'what' | 'expected'> & Partial<HostileCall>;

/** A call whose config differs from an ordinary one; CHECK and DEL come after an ordinary ADD. */
export function withConfig(
  plugin: HostileCall['plugin'],
  command: string,
  config: Json,
  details: Details,
): HostileCall {
  const isAfter = command === 'CHECK' || command === 'DEL';
  const whole = isAfter ? { prevResult: RESULT, ...config } : config;
  return {
    command,
    plugin,
    stdin: JSON.stringify(whole),
    env: {},
    ...(isAfter ? { after: {} } : {}),
    ...details,
  };
}

/** What stands for something in a call's texts put in its place. */
export function fillIn(
  text: string,
  host: { readonly dataDir: string; readonly binDir: string },
  result: string,
): string {
  return text
    .replaceAll(DATA, () => host.dataDir)
    .replaceAll(BIN, () => host.binDir)
    .replaceAll(`"${RESULT}"`, () => result);
}

/**
 * A copy of a value in which the member at a path is another.
 * @param path members are made where they are missing; a number is an index
 */
export function put(value: unknown, path: readonly (string | number)[], to: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return to;
  if (typeof key === 'number') {
    const list: unknown[] = Array.isArray(value) ? [...(value as readonly unknown[])] : [];
    list[key] = put(list[key], rest, to);
    return list;
  }
  const object: Json =
    typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
  return { ...object, [key]: put(object[key], rest, to) };
}

export const putJson = (value: Json, path: readonly (string | number)[], to: unknown): Json =>
  put(value, path, to) as Json;

export const anyCommand = fc.constantFrom(...allCommands);
export const anyPlugin = fc.constantFrom<BasePlugin>('veth-bridge', 'host-local');

/** What of a call's answer can be judged without knowing what became of the machine. */
export interface Judged {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @returns what is wrong with the answer, or nothing */
export function faultOf(
  { command, expected }: HostileCall,
  { exitCode, stdout, stderr }: Judged,
): string | undefined {
  const told = `${stdout}\n${stderr}`;
  if (/^\s+at .+:\d+:\d+\)?$/m.test(told) || /node:internal/.test(told)) return 'a stack trace';
  if (stderr.length > 20_000) return `${stderr.length} characters on stderr`;
  if (exitCode !== (expected === 0 ? 0 : 1)) return `exit status ${exitCode}`;
  if (expected === 0 && command !== 'ADD') return stdout === '' ? undefined : 'an output where none is due';
  const json = parse(stdout);
  if (json === undefined) return 'an output that is no JSON object';
  if (expected === 0) return 'cniVersion' in json && !('code' in json) ? undefined : 'no result';
  const error = json as Partial<CniFailure>;
  // What is wrong with the IPAM's program keeps STATUS from saying that an ADD would succeed, and no more.
  const isUnavailable =
    command === 'STATUS' && expected === 7 && /^ipam\.type: the plugin /.test(error.msg ?? '');
  if (error.code !== (isUnavailable ? 50 : expected)) return `code ${error.code}`;
  if (typeof error.msg !== 'string' || error.msg === '') return 'no msg';
  const unknown = Object.keys(json).filter((key) => !['cniVersion', 'code', 'msg', 'details'].includes(key));
  return unknown.length > 0 ? `unknown members: ${unknown}` : undefined;
}

function parse(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
  } catch {
    return undefined;
  }
}
