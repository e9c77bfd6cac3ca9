/** `plumbline attachments`: what attach has made, and what is left of it. */
import { inColumns } from '../columns.ts';
import type { CliIo } from '../command.ts';
import { visible } from '../visible.ts';
import { forPeople, surroundings } from './environment.ts';
import { type AttachmentRecord, readRecords } from './record.ts';
import { addressesOf, macOf, type State, stateReader } from './state.ts';

/** As `--json` prints it. */
export type Listed = AttachmentRecord & { readonly state: State };

/** @returns 0; what is gone or cannot be read is told, and no failure */
export function runAttachments(
  { json }: { readonly json: boolean },
  io: CliIo,
  env = process.env,
): Promise<number> {
  return forPeople(async () => {
    const { host } = surroundings(env);
    const { records, faults } = readRecords(host.stateDir);
    const stateOf = stateReader(host);
    const listed: Listed[] = [];
    for (const record of records) listed.push({ ...record, state: await stateOf(record) });
    io.stdout.write(json ? `${JSON.stringify(listed, undefined, 2)}\n` : formatAttachments(listed));
    for (const fault of faults) io.stderr.write(`${visible(fault)}\n`);
    return 0;
  });
}

const titles = ['CONTAINER', 'INTERFACE', 'NETWORK', 'ADDRESSES', 'MAC', 'STATE'] as const;

const remarks: Readonly<Record<State, string>> = {
  attached: 'attached',
  unfinished: 'unfinished: attach was ended; detach it',
  missing: 'missing: the interface is not there; detach it',
  gone: 'gone: the container is not there; detach it',
};

/** The table for people. */
export function formatAttachments(listed: readonly Listed[]): string {
  if (listed.length === 0) return 'nothing is attached\n';
  const rows = listed.map((record) =>
    [
      nameOf(record),
      record.ifname,
      record.network,
      addressesOf(record).join(',') || '-',
      macOf(record) ?? '-',
      remarks[record.state],
    ].map(visible),
  );
  return inColumns(titles, rows);
}

/** An ID of 64 digits is cut, as runtimes cut it. */
function nameOf({ container, containerId }: AttachmentRecord): string {
  const isHash = container === containerId && /^[0-9a-f]{64}$/.test(container);
  return isHash ? container.slice(0, 12) : container;
}
