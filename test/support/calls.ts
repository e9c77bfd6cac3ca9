/** Calls a plugin in this process, on a host that only records. */

import type { Plugin } from '../../lib/cni/plugin.ts';
import { serve } from '../../lib/cni/serve.ts';
import { findPlugin } from '../../plugins/index.ts';
import type { Command } from './cni.ts';
import type { CniFailure, CniResult } from './cni-result.ts';
import { type RecordingHost, sandboxPath } from './recording-host.ts';

export interface InProcessCall {
  readonly command: Command | (string & {});
  /** `veth-bridge` by default. */
  readonly plugin?: string | Plugin;
  /** stdin: a string as it is, anything else as JSON. */
  readonly config?: unknown;
  /** Over the usual environment; undefined takes a variable out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: readonly string[];
  readonly json: unknown;
  /** Where the exit status is 0. */
  readonly result: CniResult | undefined;
  /** Where it is not. */
  readonly error: CniFailure | undefined;
}

/** The environment of an ADD. */
export function environment(host: RecordingHost): Readonly<Record<string, string>> {
  return { CNI_CONTAINERID: 'c1', CNI_NETNS: sandboxPath, CNI_IFNAME: 'eth0', CNI_PATH: host.binDir };
}

/** A whole config of veth-bridge with host-local, both families. */
export function podConfig(
  host: RecordingHost,
  more: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return {
    cniVersion: '1.1.0',
    name: 'pods',
    type: 'veth-bridge',
    bridge: 'cni0',
    isDefaultGateway: true,
    ipMasq: true,
    macspoofchk: true,
    ipam: {
      type: 'host-local',
      dataDir: host.dataDir,
      ranges: [[{ subnet: '10.1.0.0/16' }], [{ subnet: 'fd00:1::/64' }]],
    },
    ...more,
  };
}

export async function call(
  host: RecordingHost,
  { command, plugin = 'veth-bridge', config, env }: InProcessCall,
): Promise<Answer> {
  const found = typeof plugin === 'string' ? findPlugin(plugin) : plugin;
  if (found === undefined) throw new Error(`no plugin ${String(plugin)}`);
  const stderr: string[] = [];
  const { stdout, exitCode } = await serve(found, {
    plugins: findPlugin,
    host,
    stdin: () => (typeof config === 'string' ? config : JSON.stringify(config ?? podConfig(host))),
    env: { CNI_COMMAND: command, ...environment(host), ...env },
    stderr: (line) => stderr.push(line),
  });
  const json: unknown = stdout === '' ? undefined : JSON.parse(stdout);
  return {
    exitCode,
    stdout,
    stderr,
    json,
    result: exitCode === 0 ? (json as CniResult | undefined) : undefined,
    error: exitCode === 0 ? undefined : (json as CniFailure),
  };
}
