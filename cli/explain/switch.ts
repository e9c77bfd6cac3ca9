/**
 * Open vSwitch: reads are run; a transaction that writes is tried by `ovsdb-client query`, which takes all of it back, and
 * is a step where it would go through, in the words of ovs-vsctl(8).
 */
import { isObject, type JsonObject } from '../../lib/cni/json.ts';
import type { RunOptions, RunResult } from '../../lib/exec/runner.ts';
import type { Condition, Operation } from '../../lib/ovs/operation.ts';
import type { Plan } from './plan.ts';
import { type Bridges, vsctlWords } from './vsctl.ts';

/** A row as the server prints it. */
type Printed = JsonObject;

interface Transaction {
  readonly remote: string;
  readonly operations: readonly Operation[];
  readonly flags: readonly string[];
  readonly options: RunOptions;
}

export async function runOvsdbClient(
  plan: Plan,
  args: readonly string[],
  options: RunOptions,
): Promise<RunResult> {
  const [verb = '', remote = '', text = '[]'] = args.slice(-3);
  const [, ...operations] = JSON.parse(text) as readonly [string, ...Operation[]];
  const transaction = { remote, operations, flags: args.slice(0, -3), options };
  if (verb === 'transact') return write(plan, transaction);
  plan.read({ argv: ['ovsdb-client', 'query', remote, text] });
  return plan.ports.size > 0 || plan.removedPorts.size > 0
    ? readAfter(plan, transaction)
    : query(plan, transaction, operations);
}

function query(
  plan: Plan,
  { flags, remote, options }: Transaction,
  operations: readonly Operation[],
): Promise<RunResult> {
  const { timeout } = options;
  const text = JSON.stringify(['Open_vSwitch', ...operations]);
  return plan.runner.run(
    'ovsdb-client',
    [...flags, 'query', remote, text],
    timeout === undefined ? {} : { timeout },
  );
}

/** What each operation of a query has come to. */
async function outcomesOf(
  plan: Plan,
  transaction: Transaction,
  operations: readonly Operation[],
): Promise<readonly Printed[]> {
  const { status, stdout } = await query(plan, transaction, operations);
  const outcomes: unknown = status === 0 ? JSON.parse(stdout) : [];
  return (Array.isArray(outcomes) ? outcomes : []).map((outcome) => (isObject(outcome) ? outcome : {}));
}

const rowsIn = (outcome: Printed | undefined): readonly Printed[] => {
  const rows = outcome?.['rows'];
  return Array.isArray(rows) ? rows.filter(isObject) : [];
};

/** A read once something was to be written: ovs-vswitchd has carried it out, and the port has what was asked for. */
async function readAfter(plan: Plan, transaction: Transaction): Promise<RunResult> {
  const outcomes: Printed[] = [];
  for (const operation of transaction.operations) {
    const port = operation.op === 'select' ? plan.ports.get(nameIn(operation.where) ?? '') : undefined;
    if (operation.op === 'wait') outcomes.push({});
    else if (port !== undefined && operation.op === 'select') {
      // The first free number stands for the one that ovs-vswitchd would choose.
      const row = { error: ['set', []], ofport: port['ofport_request'] ?? 1, ...port };
      const columns = Object.entries(row).filter(([column]) => operation.columns.includes(column));
      outcomes.push({ rows: [Object.fromEntries(columns)] });
    } else outcomes.push(...(await outcomesOf(plan, transaction, [operation])));
  }
  return { status: 0, stdout: JSON.stringify(outcomes), stderr: '' };
}

function nameIn(where: readonly Condition[]): string | undefined {
  const [column, comparison, value] = where[0] ?? [];
  return column === 'name' && comparison === '==' && typeof value === 'string' ? value : undefined;
}

async function write(plan: Plan, transaction: Transaction): Promise<RunResult> {
  const { operations, remote } = transaction;
  const tried = await query(plan, transaction, operations);
  if (tried.status !== 0) return tried;
  const outcomes = JSON.parse(tried.stdout) as readonly unknown[];
  if (outcomes.some((outcome) => isObject(outcome) && outcome['error'] !== undefined)) return tried;
  const taken = await nameTaken(plan, transaction);
  if (taken !== undefined) {
    // The server looks at names last, as that is its way of telling.
    return {
      ...tried,
      stdout: JSON.stringify([...outcomes, { error: 'constraint violation', details: taken }]),
    };
  }
  const bridges = await bridgesOf(plan, transaction);
  const argv = vsctlWords(remote, operations, bridges) ?? [
    ...['ovsdb-client', 'transact', remote, JSON.stringify(['Open_vSwitch', ...operations])],
  ];
  for (const operation of operations) note(plan, operation);
  plan.run({ argv, why: whyOfRows(operations) });
  return tried;
}

/** A port or bridge that is there already, in the server's words. */
async function nameTaken(plan: Plan, transaction: Transaction): Promise<string | undefined> {
  for (const operation of transaction.operations) {
    if (operation.op !== 'insert' || !['Port', 'Bridge'].includes(operation.table)) continue;
    const { name } = operation.row;
    const [found] = await outcomesOf(plan, transaction, [
      { op: 'select', table: operation.table, where: [['name', '==', String(name)]], columns: ['_uuid'] },
    ]);
    const others = rowsIn(found).filter((row) => !plan.removedPorts.has(uuidOf(row['_uuid'])));
    if (others.length > 0) {
      return `Transaction causes multiple rows in "${operation.table}" table to have identical values (${String(name)}) for index on column "name".`;
    }
  }
  return undefined;
}

const uuidOf = (reference: unknown): string => (Array.isArray(reference) ? String(reference[1]) : '');

/** Which bridges have ports that are to be taken out of whatever bridge they are on. */
async function bridgesOf(plan: Plan, transaction: Transaction): Promise<Bridges> {
  const ports = transaction.operations.flatMap((operation) =>
    operation.op === 'mutate' && operation.table === 'Bridge' && operation.where.length === 0
      ? operation.mutations.flatMap(([, , value]) => membersOf(value).map(uuidOf))
      : [],
  );
  const found = new Map<string, string>();
  for (const port of ports) {
    const [outcome] = await outcomesOf(plan, transaction, [
      { op: 'select', table: 'Bridge', where: [['ports', 'includes', ['uuid', port]]], columns: ['name'] },
    ]);
    for (const { name } of rowsIn(outcome)) found.set(port, String(name));
    plan.removedPorts.add(port);
  }
  return found;
}

export const membersOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) && value[0] === 'set' && Array.isArray(value[1]) ? value[1] : [value];

function note({ ports, links, spaces }: Plan, operation: Operation): void {
  if (operation.op !== 'insert' || operation.table !== 'Interface') return;
  const { name, type, mtu_request: mtu } = operation.row;
  const ifname = String(name);
  ports.set(ifname, operation.row);
  if (type !== 'internal') return;
  // The link that Open vSwitch makes for an internal port.
  links.put(spaces.node, {
    ifindex: links.newIndex(ifname),
    ifname,
    flags: ['BROADCAST', 'MULTICAST'],
    mtu: Number(mtu ?? 1500),
    operstate: 'DOWN',
    linkinfo: { info_kind: 'openvswitch' },
    addr_info: [],
  });
}

function whyOfRows(operations: readonly Operation[]): string {
  const inserted = (table: string): readonly string[] =>
    operations.flatMap((one) =>
      one.op === 'insert' && one.table === table ? [String(one.row['name'])] : [],
    );
  const [bridge] = inserted('Bridge');
  const port = inserted('Port').find((name) => name !== bridge);
  if (port === undefined) return 'the rows of containers in the database of Open vSwitch go';
  const made = bridge === undefined ? '' : `the bridge ${bridge}, which is not there yet, and `;
  const limited = operations.some((one) => one.op === 'insert' && one.table === 'QoS')
    ? ', with its limits'
    : '';
  const isOver = operations.some(
    (one) => one.op === 'delete' || (one.op === 'mutate' && one.where.length === 0 && one.table === 'Bridge'),
  );
  return `${made}the port ${port}, with its VLANs and labels${limited}${isOver ? '; rows of dead containers go' : ''}; one transaction`;
}
