/** Rows of the database that belong to attachments: found by their marks, taken away in one transaction. */

import type { Host } from '../../lib/exec/host.ts';
import type { HeldLock } from '../../lib/exec/lock.ts';
import { identityOf } from '../../lib/exec/machine.ts';
import { linkExists } from '../../lib/ip/exists.ts';
import { type ClientOptions, type Database, readRows } from '../../lib/ovs/client.ts';
import { type Condition, isNamed, type Select, select, setOf } from '../../lib/ovs/operation.ts';
import { type ExternalIds, type MarkedRows, noRows } from '../../lib/ovs/port.ts';
import { listOf, mapOf, type Row, textOf } from '../../lib/ovs/row.ts';
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
 * Ports that one ADD takes away at most. After a reboot there are as many as there were containers: each of the ADDs that
 * follow takes its share.
 */
const deadAtOnce = 50;

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
  const isLink: Condition = ['type', '!=', 'internal'];
  const [bridges = [], system = [], own = [], ...candidates] = await readRows(
    host,
    database,
    [
      select('Bridge', ['datapath_type'], isNamed(bridge)),
      select('Open_vSwitch', ['datapath_types']),
      findOurs('Interface', columns, [ofAttachment(mark)]),
      findOurs('Interface', columns, [here, isLink, ['ifindex', '==', 0]]),
      findOurs('Interface', columns, [here, isLink, ['error', '!=', setOf([])]]),
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
    dead: await rowsOf(host, database, dead.slice(0, deadAtOnce), holding),
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
  holding: HeldLock,
): Promise<readonly MarkedRow[]> {
  const conditions = interfaces.flatMap(({ marks: { attachment } }) =>
    attachment ? [ofAttachment(attachment)] : [],
  );
  if (conditions.length === 0) return [];
  const { rows } = await findRows(host, database, conditions, { holding });
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

export interface FindOptions extends ClientOptions {
  /** Further selects of the same run. */
  readonly more?: readonly Select[];
}

/** All rows that were made for attachments, by a condition for each: of one attachment, or of a network. */
export async function findRows(
  host: Host,
  database: Database,
  conditions: readonly Condition[],
  { more = [], ...options }: FindOptions = {},
): Promise<{ readonly rows: readonly MarkedRow[]; readonly more: readonly (readonly Row[])[] }> {
  const tables = ['Port', 'QoS', 'Queue'] as const;
  const selects = conditions.flatMap((condition) =>
    tables.map((table) =>
      findOurs(table, ['_uuid', 'external_ids', ...(table === 'Port' ? ['name', 'qos'] : [])], [condition]),
    ),
  );
  const answers = await readRows(host, database, [...selects, ...more], options);
  const rows = answers.slice(0, selects.length).flatMap((found, index) =>
    found.map((row): MarkedRow => {
      const table = tables[index % tables.length] ?? 'Port';
      return {
        table,
        uuid: textOf(row, '_uuid') ?? '',
        name: textOf(row, 'name') ?? '',
        hasQos: textOf(row, 'qos') !== undefined,
        marks: mapOf(row, 'external_ids'),
      };
    }),
  );
  return { rows, more: answers.slice(selects.length) };
}

export interface MarkedRow {
  readonly table: 'Port' | 'QoS' | 'Queue';
  readonly uuid: string;
  /** Of a port. */
  readonly name: string;
  readonly hasQos: boolean;
  readonly marks: ExternalIds;
}

/** Rows in the form in which they are taken away. */
export function removalOf(rows: readonly MarkedRow[]): MarkedRows {
  const of = (table: MarkedRow['table']): readonly MarkedRow[] => rows.filter((row) => row.table === table);
  if (rows.length === 0) return noRows;
  return {
    ports: of('Port'),
    qos: of('QoS').map(({ uuid }) => uuid),
    queues: of('Queue').map(({ uuid }) => uuid),
  };
}
