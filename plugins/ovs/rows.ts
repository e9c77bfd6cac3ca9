/** Rows of the database that belong to attachments: found by their marks, taken away in one transaction. */

import type { Host } from '../../lib/exec/host.ts';
import type { HeldLock } from '../../lib/exec/lock.ts';
import { identityOf } from '../../lib/exec/machine.ts';
import { linkExists } from '../../lib/ip/exists.ts';
import { type ExternalIds, type MarkedRows, noRows } from '../../lib/ovs/port.ts';
import { listOf, mapOf, type Row, textOf } from '../../lib/ovs/row.ts';
import { type Database, readRows, type VsctlCommand } from '../../lib/ovs/vsctl.ts';
import { findOurs, isSandboxAlive, ofAttachment, ofEarlierBoots, onBridge } from './marks.ts';

/** Whether the kernel's datapath is, or will be, the bridge's. */
export function isKernelDatapath({ bridge, datapaths }: Survey): boolean {
  return bridge === undefined ? datapaths.includes('system') : bridge.datapath !== 'netdev';
}

/** What ADD must know before it changes anything. */
export interface Survey {
  readonly bridge: BridgeRow | undefined;
  /** Types of datapath that this Open vSwitch can make. */
  readonly datapaths: readonly string[];
  /** The attachment's own interface, of an earlier ADD. */
  readonly own: OwnInterface | undefined;
  /** Rows of the bridge's ports whose link is gone. */
  readonly dead: readonly MarkedRow[];
}

export interface BridgeRow {
  readonly name: string;
  /** `netdev`: the userspace datapath; `system` or empty: the kernel's. */
  readonly datapath: string;
}

export interface OwnInterface {
  readonly name: string;
  readonly type: string;
  readonly marks: ExternalIds;
}

const columns = ['name', 'type', 'external_ids'];

/**
 * One reading. Where a container has died, the rows of its port stay, and who looks for them sees it in three ways: the
 * link has no index any more (userspace datapath), there is an error (kernel datapath, or a daemon that was restarted),
 * or they are of an earlier boot.
 */
export async function survey(
  host: Host,
  database: Database,
  { bridge, mark, holding }: { readonly bridge: string; readonly mark: string; readonly holding: HeldLock },
): Promise<Survey> {
  const here = onBridge(bridge);
  const isLink = 'type!=internal';
  const [bridges = [], system = [], own = [], ...candidates] = await readRows(
    host,
    database,
    [
      ['--columns=name,datapath_type', 'find', 'Bridge', `name=${JSON.stringify(bridge)}`],
      ['--columns=datapath_types', 'list', 'Open_vSwitch'],
      findOurs('Interface', columns, [ofAttachment(mark)]),
      findOurs('Interface', columns, [here, isLink, 'ifindex=0']),
      findOurs('Interface', columns, [here, isLink, 'error!=[]']),
      findOurs('Interface', columns, [here, ...ofEarlierBoots(identityOf(host.kernel))]),
    ],
    { holding },
  );
  const [first] = own.map(interfaceOf);
  const found = new Map(candidates.flat().map((row) => [textOf(row, 'name') ?? '', interfaceOf(row)]));
  const dead = [...found.values()].filter((one) => one.name !== first?.name && isDead(host, one));
  return {
    bridge: bridges.map((row) => ({ name: bridge, datapath: textOf(row, 'datapath_type') ?? '' }))[0],
    datapaths: system.flatMap((row) => listOf(row, 'datapath_types').map(String)),
    own: first,
    dead: await rowsOf(host, database, dead, { bridge, holding }),
  };
}

/**
 * All rows of these interfaces' attachments, as they are now: by their UUIDs they can be removed later, when the same
 * attachment may have others.
 */
async function rowsOf(
  host: Host,
  database: Database,
  interfaces: readonly OwnInterface[],
  { bridge, holding }: { readonly bridge: string; readonly holding: HeldLock },
): Promise<readonly MarkedRow[]> {
  const conditions = interfaces.flatMap(({ marks: { attachment } }) =>
    attachment ? [[ofAttachment(attachment)]] : [],
  );
  if (conditions.length === 0) return [];
  const { rows } = await findRows(host, database, conditions, { holding, bridge });
  // Whoever is dead still had no new link when these were read: so they are not those of a new one.
  const dead = new Set(interfaces.filter((one) => isDead(host, one)).map(({ marks }) => marks['attachment']));
  return rows.filter(({ marks }) => dead.has(marks['attachment']));
}

function interfaceOf(row: Row): OwnInterface {
  return {
    name: textOf(row, 'name') ?? '',
    type: textOf(row, 'type') ?? '',
    marks: mapOf(row, 'external_ids'),
  };
}

/**
 * Whether what a row stands for is gone for good: the link itself, or, of an internal port, the sandbox that it was moved
 * into. What the row says of the link can be older than the link.
 */
export function isDead(host: Host, { name, type, marks }: OwnInterface): boolean {
  const { machineId, bootId } = identityOf(host.kernel);
  if (marks['machine'] !== machineId()) return false;
  if (marks['boot'] !== bootId()) return true;
  // A representor is there as long as its function is.
  const isByItself = type === 'internal' || marks['device-id'] !== undefined;
  return isByItself ? !isSandboxAlive(host, marks) : !linkExists(host, name);
}

export interface FindOptions {
  readonly holding?: HeldLock;
  /** Further commands of the same run. */
  readonly more?: readonly VsctlCommand[];
  /** That the ports are on; looked up where it is not given, of those that need it. */
  readonly bridge?: string;
}

/** All rows that were made for attachments, by conditions that `find` takes: of one attachment, or of a network. */
export async function findRows(
  host: Host,
  database: Database,
  conditions: readonly (readonly string[])[],
  { holding, more = [], bridge }: FindOptions = {},
): Promise<{ readonly rows: readonly MarkedRow[]; readonly more: readonly (readonly Row[])[] }> {
  const tables = ['Port', 'QoS', 'Queue'] as const;
  const commands = conditions.flatMap((condition) =>
    tables.map((table) =>
      findOurs(table, ['_uuid', 'external_ids', ...(table === 'Port' ? ['name', 'qos'] : [])], condition),
    ),
  );
  const answers = await readRows(host, database, [...commands, ...more], holding ? { holding } : {});
  const rows = answers.slice(0, commands.length).flatMap((found, index) =>
    found.map((row): MarkedRow => {
      const table = tables[index % tables.length] ?? 'Port';
      return {
        table,
        uuid: textOf(row, '_uuid') ?? '',
        name: textOf(row, 'name') ?? '',
        hasQos: textOf(row, 'qos') !== undefined,
        bridge,
        marks: mapOf(row, 'external_ids'),
      };
    }),
  );
  return {
    rows: bridge === undefined ? await located(host, database, rows, holding) : rows,
    more: answers.slice(commands.length),
  };
}

/** With the bridges that ports with QoS are on, which is not always the one that they were made on. */
async function located(
  host: Host,
  database: Database,
  rows: readonly MarkedRow[],
  holding: HeldLock | undefined,
): Promise<readonly MarkedRow[]> {
  const limited = rows.filter(({ table, hasQos }) => table === 'Port' && hasQos);
  if (limited.length === 0) return rows;
  const answers = await readRows(
    host,
    database,
    limited.map(({ uuid }) => ['--columns=name', 'find', 'Bridge', `ports{>=}${uuid}`]),
    holding ? { holding } : {},
  );
  const bridges = new Map(
    limited.map(({ uuid }, index) => [uuid, answers[index]?.flatMap((row) => textOf(row, 'name') ?? [])[0]]),
  );
  return rows.map((row) => ({ ...row, bridge: bridges.get(row.uuid) }));
}

export interface MarkedRow {
  readonly table: 'Port' | 'QoS' | 'Queue';
  readonly uuid: string;
  /** Of a port. */
  readonly name: string;
  readonly hasQos: boolean;
  /** Of a port that is to be removed by its UUID. */
  readonly bridge: string | undefined;
  readonly marks: ExternalIds;
}

/** Rows in the form in which they are taken away. */
export function removalOf(rows: readonly MarkedRow[]): MarkedRows {
  const of = (table: MarkedRow['table']): readonly MarkedRow[] => rows.filter((row) => row.table === table);
  if (rows.length === 0) return noRows;
  return {
    ports: of('Port').map(({ uuid, name, bridge }) => ({ uuid, name, bridge })),
    qos: of('QoS').map(({ uuid }) => uuid),
    queues: of('Queue').map(({ uuid }) => uuid),
  };
}
