/** VLANs of a bridge port (bridge(8), "bridge vlan"). */
import type { Host } from '../../lib/exec/host.ts';
import { ipBatch } from '../../lib/ip/batch.ts';
import type { Command } from '../../lib/ip/command.ts';
import type { LinkInfo } from '../../lib/ip/read.ts';
import type { Vlans } from './config.ts';

/** Sets the port's VLANs, before its container can send: the sandbox end is still down. */
export async function setVlans(
  host: Host,
  port: string,
  bridge: LinkInfo,
  vlans: Vlans,
  lock: string,
): Promise<void> {
  const pvid = Number(bridge.linkinfo?.info_data?.['vlan_default_pvid'] ?? 1);
  const { native, tagged, keepDefault } = vlans;
  const dropsDefault = !keepDefault && pvid > 0 && pvid !== native;
  const commands: Command[] = [
    ...(dropsDefault ? [['vlan', 'delete', 'dev', port, 'vid', String(pvid)]] : []),
    ...(native === undefined
      ? []
      : [['vlan', 'add', 'dev', port, 'vid', String(native), 'pvid', 'untagged']]),
    ...ranges(tagged).map((range) => ['vlan', 'add', 'dev', port, 'vid', range]),
  ];
  await ipBatch(host, commands, { program: 'bridge', lock });
}

/** `[1, 2, 3, 7]` as `['1-3', '7']`: a trunk of all VLANs is one command, not 4094. */
export function ranges(sorted: readonly number[]): string[] {
  const runs: [number, number][] = [];
  for (const id of sorted) {
    const last = runs.at(-1);
    if (last && last[1] === id - 1) last[1] = id;
    else runs.push([id, id]);
  }
  return runs.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`));
}
