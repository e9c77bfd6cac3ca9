/** Runs the suite in virtual machines side by side, and tells how it goes. Whatever happens ends in a report. */
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inFull } from '../../support/pace.ts';
import { environmentFile, eventReader, eventsFile, filesFile, type GuestEvent } from './events.ts';
import { cacheDir, type Machine, startMachine } from './machine.ts';
import { createTally, type FileReport, type Tally } from './report.ts';
import { rememberDurations, shareOut, suiteFiles } from './suite.ts';

export interface MachineReport {
  readonly name: string;
  readonly files: readonly FileReport[];
  /** What went wrong with the machine itself, with the console's last lines. */
  readonly fault?: string;
}

/** Seconds. A machine under load takes three times as long as one by itself. */
const limits = {
  boot: 240,
  /** Without a finished test and without a word on the console; longer than any test may take. */
  silence: 330,
  /** From the last test to the end of the process. */
  off: 60,
  whole: (inFull ? 240 : 60) * 60,
};

/**
 * Each machine has one processor: emulated ones that share memory wait for each other so often that two of them are
 * hardly faster than one, while two machines are.
 */
const machineCount = Math.min(2, availableParallelism());

export async function runSuite(say: (line: string) => void): Promise<readonly MachineReport[]> {
  const started = performance.now();
  sweep();
  const shares = shareOut(suiteFiles(), machineCount);
  const seconds = new Map<string, number>();
  const machines = await Promise.all(
    shares.map((files, index) => runMachine(`vm ${index + 1}`, files, say, seconds)),
  );
  rememberDurations(seconds);
  say(`all done in ${Math.round((performance.now() - started) / 1000)} s`);
  return machines;
}

/** Removes the results of runs that were killed. */
function sweep(): void {
  for (const name of readdirSync(cacheDir)) {
    const [, pid] = /^run-(\d+)-/.exec(name) ?? [];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(cacheDir, name), { recursive: true, force: true });
  }
}

async function runMachine(
  name: string,
  files: readonly string[],
  say: (line: string) => void,
  seconds: Map<string, number>,
): Promise<MachineReport> {
  const tell = (line: string): void => say(`${name}: ${line}`);
  const results = mkdtempSync(join(cacheDir, `run-${process.pid}-`));
  const log = join(cacheDir, `console-${name.replace(' ', '-')}.log`);
  writeFileSync(join(results, filesFile), `${files.join('\n')}\n`);
  writeFileSync(join(results, environmentFile), environment());
  writeFileSync(join(results, eventsFile), '');
  tell(`starts, for ${files.length} files`);
  const machine = startMachine({ mode: 'suite', results, log });
  try {
    const tally = createTally();
    const fault = await watch(machine, tally, eventReader(join(results, eventsFile)), tell, seconds);
    const shown =
      fault && `${fault}\n\nThe console's last lines (all of them are in ${log}):\n${machine.lastLines(40)}`;
    if (fault) tell(`${fault}\n${machine.lastLines(15)}`);
    return {
      name,
      files: tally.report(files, fault ?? 'vitest has left it out'),
      ...(shown && { fault: shown }),
    };
  } finally {
    await machine.stop();
    rmSync(results, { recursive: true, force: true });
  }
}

/** Follows a machine to its end, or until a limit is reached. @returns what went wrong */
async function watch(
  machine: Machine,
  tally: Tally,
  read: () => readonly GuestEvent[],
  tell: (line: string) => void,
  seconds: Map<string, number>,
): Promise<string | undefined> {
  const started = performance.now();
  let heard = started;
  let booted = false;
  let fileStarted = started;
  for (;;) {
    // In this order: what was told before the end is read after it.
    const over = !machine.running;
    const now = performance.now();
    for (const event of read()) {
      heard = now;
      tally.take(event);
      if (event.type === 'case')
        tell(
          `${event.state} ${(event.milliseconds / 1000).toFixed(1).padStart(5)} s  ${short(event.file)} > ${event.name}`,
        );
      if (event.type === 'file') {
        seconds.set(event.file, (now - fileStarted) / 1000);
        fileStarted = now;
      }
    }
    if (!booted && machine.bootSeconds !== undefined) {
      booted = true;
      fileStarted = now;
      tell(`has booted in ${machine.bootSeconds.toFixed(1)} s`);
    }
    if (over) return tally.ended ? unexpected(tally) : 'the machine ended before its tests did';
    const fault = overdue(machine, tally, { started, heard, now });
    if (fault) return fault;
    await sleep(250);
  }
}

interface Times {
  readonly started: number;
  /** When the last event came. */
  readonly heard: number;
  readonly now: number;
}

function overdue(machine: Machine, tally: Tally, { started, heard, now }: Times): string | undefined {
  const since = (moment: number): number => (now - moment) / 1000;
  if (tally.ended)
    return since(heard) > limits.off
      ? `the machine does not switch itself off within ${limits.off} s`
      : undefined;
  if (machine.bootSeconds === undefined && since(started) > limits.boot)
    return `the machine has not booted within ${limits.boot} s`;
  if (since(Math.max(heard, machine.lastHeard)) > limits.silence)
    return `nothing has come from the machine for ${limits.silence} s`;
  if (since(started) > limits.whole)
    return `the machine has not finished within ${limits.whole / 60} minutes`;
  return undefined;
}

function unexpected({ errors }: Tally): string | undefined {
  if (errors.length === 0) return undefined;
  return [
    'errors that belong to no test:',
    ...errors.map(({ message, stack }) => `${message}\n${stack}`),
  ].join('\n');
}

const short = (file: string): string => file.replace(/^test\/e2e\//, '').replace(/\.test\.ts$/, '');

/** Lines for a shell: what tests ask of the environment. */
function environment(): string {
  return ['CI', 'PLUMBLINE_RUNTIME', 'PLUMBLINE_TEST_FULL']
    .flatMap((key) => (process.env[key] ? [`${key}=${/^\w+$/.exec(process.env[key])?.[0] ?? '1'}\n`] : []))
    .join('');
}
