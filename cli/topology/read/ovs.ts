/** Bridges of Open vSwitch with their ports: one transaction a database. */
import type { Host } from '../../../lib/exec/host.ts';
import { readRows } from '../../../lib/ovs/client.ts';
import { select } from '../../../lib/ovs/operation.ts';
import { listOf, mapOf, numberOf, type Row, textOf } from '../../../lib/ovs/row.ts';
import { owner } from '../../../plugins/ovs/marks.ts';
import { isDead } from '../../../plugins/ovs/rows.ts';
import type { OvsBridge, OvsPort } from '../facts.ts';
import type { Vlan } from '../model.ts';
import { rangesOf } from './ranges.ts';

/** @throws CniError 11 where the database does not answer */
export async function readOvs(host: Host, remote: string): Promise<readonly OvsBridge[]> {
  const [bridges = [], ports = [], interfaces = []] = await readRows(host, { remote }, [
    select('Bridge', ['name', 'datapath_type', 'ports']),
    select('Port', ['_uuid', 'name', 'tag', 'trunks', 'vlan_mode', 'interfaces', 'external_ids']),
    select('Interface', ['_uuid', 'name', 'type']),
  ]);
  const byUuid = (rows: readonly Row[]): ReadonlyMap<string, Row> =>
    new Map(rows.map((row) => [textOf(row, '_uuid') ?? '', row]));
  const [portRows, interfaceRows] = [byUuid(ports), byUuid(interfaces)];
  return bridges.map((row): OvsBridge => {
    const name = textOf(row, 'name') ?? '';
    return {
      name,
      datapath: textOf(row, 'datapath_type') ?? 'system',
      ports: listOf(row, 'ports')
        .map((uuid) => portRows.get(String(uuid)))
        .filter((port) => port !== undefined)
        .map((port) => portOf(host, port, interfaceRows))
        // The bridge's own.
        .filter((port) => port.name !== name),
    };
  });
}

function portOf(host: Host, row: Row, interfaces: ReadonlyMap<string, Row>): OvsPort {
  const name = textOf(row, 'name') ?? '';
  const ids = mapOf(row, 'external_ids');
  const own = listOf(row, 'interfaces').map((uuid) => interfaces.get(String(uuid)));
  const types = own.flatMap((found) => (found === undefined ? [] : (textOf(found, 'type') ?? '')));
  const type = own.length > 1 ? 'bond' : (types[0] ?? '');
  return { name, type, vlan: vlanOf(row), ids, dead: whyDead(host, { name, type, marks: ids }) };
}

function whyDead(host: Host, row: Parameters<typeof isDead>[1]): string | undefined {
  if (row.marks['owner'] !== owner || !isDead(host, row)) return undefined;
  return row.type === 'internal' ? 'its container is gone' : 'its link is gone, or its container';
}

/** Without a mode, a tag makes an access port (ovs-vswitchd.conf.db(5)); a trunk of all VLANs is the default. */
function vlanOf(row: Row): Vlan | undefined {
  const tag = numberOf(row, 'tag');
  const numbers = listOf(row, 'trunks').map(Number);
  const trunks = numbers.length === 0 ? undefined : rangesOf(numbers.map((vlan) => [vlan, vlan]));
  const mode = textOf(row, 'vlan_mode') ?? (tag === undefined ? 'trunk' : 'access');
  switch (mode) {
    case 'access':
      return { mode, tag };
    case 'native-tagged':
    case 'native-untagged':
      return { mode, tag, trunks };
    default:
      return trunks === undefined ? undefined : { mode: 'trunk', trunks };
  }
}
