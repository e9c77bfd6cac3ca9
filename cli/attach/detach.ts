/** `plumbline detach`: takes interfaces away that attach has made. */
import { type CliIo, CommandError } from '../command.ts';
import { findContainer } from '../container/find.ts';
import { netnsFolder, plainPath, withoutRuntime } from '../container/namespace.ts';
import { visible } from '../visible.ts';
import { forPeople, lockContainer, type Surroundings, surroundings } from './environment.ts';
import { type Progress, progressOn } from './progress.ts';
import { type AttachmentRecord, readRecords, rereadRecord } from './record.ts';
import { forget, remedyOf, takeDown } from './take-down.ts';

export interface DetachOptions {
  readonly container: string;
  readonly network: string | undefined;
  readonly ifname: string | undefined;
  readonly all: boolean;
  readonly forget: boolean;
  readonly json: boolean;
}

/** What has become of an attachment. */
interface Detached {
  readonly record: AttachmentRecord;
  /** What failed, of one that is forgotten all the same. */
  readonly failure: string | undefined;
}

/** @throws CommandError where there is nothing to take away, or more than was meant, or where a plugin fails */
export function runDetach(options: DetachOptions, io: CliIo, env = process.env): Promise<number> {
  return forPeople(async () => {
    const around = surroundings(env);
    using progress = progressOn(io, options.json);
    const chosen = choose(options, await findRecords(options.container, around, progress));
    const failures: string[] = [];
    const done: Detached[] = [];
    for (const record of chosen) {
      try {
        done.push({ record, failure: await detach(around, record, options.forget, progress) });
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        failures.push(`${record.ifname} of ${record.container}: ${error.message}`, remedyOf(record));
      }
    }
    progress[Symbol.dispose]();
    for (const one of done) warn(one, io);
    io.stdout.write(options.json ? formatJson(done) : done.map(tell).join(''));
    if (failures.length > 0) throw new CommandError(failures.join('\n'));
    return 0;
  });
}

/** @returns what failed, where it is forgotten all the same */
async function detach(
  { host, env }: Surroundings,
  record: AttachmentRecord,
  isForgotten: boolean,
  progress: Progress,
): Promise<string | undefined> {
  progress.step(`taking ${record.ifname} of ${record.container} out of ${record.network}`);
  using lock = await lockContainer(host, record.netnsId);
  // Meanwhile somebody may have done it, or made it anew.
  const current = rereadRecord(host.stateDir, record);
  if (current === undefined) return undefined;
  const the = { host, env, lock: lock.fd };
  if (isForgotten) return await forget(the, current);
  await takeDown(the, current);
  return undefined;
}

/** A container that has died is known by what was written down; runtimes are asked where that does not tell. */
async function findRecords(
  named: string,
  { host, finder }: Surroundings,
  progress: Progress,
): Promise<readonly AttachmentRecord[]> {
  const { records, faults } = readRecords(host.stateDir);
  const known = recordsOf(records, named);
  if (known.length > 0) return known;
  progress.step(`looking for ${named}`);
  const nothing = [`no attachment of "${named}" is written down; plumbline attachments lists all`, ...faults];
  try {
    using target = await findContainer(finder, named);
    const own = records.filter(
      ({ containerId, netnsId }) => containerId === target.id || netnsId === target.netns.id,
    );
    if (own.length > 0) return own;
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError([...nothing, error.message].join('\n'), { cause: error });
  }
  throw new CommandError(nothing.join('\n'));
}

/** By all that a container can be named by; the beginning of a runtime's ID counts where nothing else is meant. */
export function recordsOf(records: readonly AttachmentRecord[], named: string): readonly AttachmentRecord[] {
  const path = named.includes('/') ? plainPath(named) : undefined;
  const exact = records.filter(
    ({ containerId, container, netns, exposed }) =>
      [containerId, container, container.split('/').at(-1)].includes(named) ||
      containerId === `pid-${named}` ||
      (path !== undefined && [netns, exposed, `${netnsFolder}/${containerId}`].includes(path)) ||
      exposed === `${netnsFolder}/${named}`,
  );
  const found = exact.length > 0 ? exact : records.filter((record) => isBeginning(record, named));
  const containers = [...new Set(found.map(({ containerId }) => containerId))];
  if (containers.length <= 1) return records.filter(({ containerId }) => containers.includes(containerId));
  const lines = containers.map(
    (id) => `  ${id} (${found.find(({ containerId }) => containerId === id)?.container})`,
  );
  throw new CommandError([`"${named}" is the name of several:`, ...lines, 'give more of the ID'].join('\n'));
}

/** Of a namespace's name, a path or a PID, the beginning is another one. */
const isBeginning = ({ containerId, by }: AttachmentRecord, named: string): boolean =>
  !withoutRuntime.includes(by) && containerId.startsWith(named);

function choose(
  { container, network, ifname, all }: DetachOptions,
  records: readonly AttachmentRecord[],
): readonly AttachmentRecord[] {
  const chosen = records.filter(
    (record) =>
      (network === undefined || record.network === network) &&
      (ifname === undefined || record.ifname === ifname),
  );
  const list = (some: readonly AttachmentRecord[]): string =>
    some.map((record) => `  ${record.ifname} in network "${record.network}"`).join('\n');
  if (chosen.length === 0) {
    throw new CommandError(`no attachment of "${container}" is that one; it has\n${list(records)}`);
  }
  if (chosen.length === 1 || all) return chosen;
  throw new CommandError(
    `"${container}" has ${chosen.length} attachments; name one by --ifname or --network, or take --all\n${list(chosen)}`,
  );
}

function warn({ record: { container, ifname, network }, failure }: Detached, io: CliIo): void {
  if (failure === undefined) return;
  const lines = [
    `${ifname} of ${container} is forgotten; what it has left in network "${network}" is for you to take away:`,
    ...failure.split('\n'),
  ];
  for (const line of lines) io.stderr.write(`${visible(line)}\n`);
}

function tell({ record: { container, ifname, network }, failure }: Detached): string {
  const told = failure === undefined ? 'is out of network' : 'is forgotten, of network';
  return `${visible(container)}: ${ifname} ${told} "${network}"\n`;
}

function formatJson(done: readonly Detached[]): string {
  const told = done.map(({ record: { containerId, container, network, ifname }, failure }) => ({
    containerId,
    container,
    network,
    ifname,
    ...(failure !== undefined && { forgotten: true }),
  }));
  return `${JSON.stringify(told, undefined, 2)}\n`;
}
