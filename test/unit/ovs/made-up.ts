/** Calls of ovs on a host with a made-up Open vSwitch, and what there is afterwards. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Answer, call } from '../../support/calls.ts';
import type { Command } from '../../support/cni.ts';
import { type RecordingHost, type RecordingOptions, recordingHost } from '../../support/recording-host.ts';

export type Fields = Readonly<Record<string, unknown>>;
export type Env = Readonly<Record<string, string | undefined>>;

export function hostWithBridge(options: RecordingOptions = {}): RecordingHost {
  const host = recordingHost(options);
  host.ovs.addBridge('br0');
  return host;
}

function configOf(host: RecordingHost, fields: Fields): Fields {
  const ipam = { type: 'host-local', dataDir: host.dataDir, ranges: [[{ subnet: '10.1.0.0/16' }]] };
  return { cniVersion: '1.1.0', name: 'pods', type: 'ovs', bridge: 'br0', ipam, ...fields };
}

export const run = (
  host: RecordingHost,
  command: Command,
  fields: Fields = {},
  env: Env = {},
): Promise<Answer> => call(host, { command, plugin: 'ovs', config: configOf(host, fields), env });

export const sandbox = '/proc/4194304/fd/10';
export const portsOf = ({ ovs }: RecordingHost): readonly unknown[] =>
  ovs.rows('Port').flatMap(({ name }) => (name === 'br0' ? [] : [name]));
export const reservedIn = ({ dataDir }: RecordingHost): readonly string[] =>
  existsSync(join(dataDir, 'pods'))
    ? readdirSync(join(dataDir, 'pods')).filter((name) => /^\d/.test(name))
    : [];
/** Nothing is left of an attachment, nor of an ADD that failed. */
export function expectNothing(host: RecordingHost): void {
  expect(portsOf(host)).toEqual([]);
  for (const table of ['QoS', 'Queue'] as const) expect(host.ovs.rows(table)).toEqual([]);
  expect(host.machine.links(sandbox)).toEqual([]);
  expect(host.machine.links().map(({ ifname }) => ifname)).toEqual(['br0']);
  expect(reservedIn(host)).toEqual([]);
}
