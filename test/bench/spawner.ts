/**
 * Lives in a node's namespaces and runs there what it is told to, with a clock: entering the namespaces (nsenter) is
 * paid for once and is in no measurement, and every contender is started by the same process in the same way.
 *
 * Ends when its stdin does.
 */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Answer, Command, Outcome, Request } from './protocol.ts';

const maxBuffer = 64 * 1024 * 1024;

function runAlone({ argv: [program = '', ...args], env, input }: Command): Outcome {
  const started = process.hrtime.bigint();
  const { status, stdout, stderr, error } = spawnSync(program, args, { env, input, maxBuffer });
  const milliseconds = millisecondsSince(started);
  if (error && status === null) throw error;
  return { milliseconds, code: status ?? 128, stdout: stdout.toString(), stderr: stderr.toString() };
}

async function runBesides({ argv: [program = '', ...args], env, input }: Command): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const started = process.hrtime.bigint();
  const child = spawn(program, args, { env, stdio: 'pipe' });
  const printed = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => {
    printed.stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    printed.stderr += chunk.toString();
  });
  // A program that ends before it has read its stdin is told by its exit status.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  child.on('error', reject);
  child.on('close', (code) =>
    resolve({ milliseconds: millisecondsSince(started), code: code ?? 128, ...printed }),
  );
  return promise;
}

async function answer({ commands }: Request): Promise<Answer> {
  const before = cpuSecondsOfChildren();
  const { milliseconds, outcomes } = await timed(commands);
  return { milliseconds, outcomes, cpuSeconds: cpuSecondsOfChildren() - before };
}

async function timed(commands: readonly Command[]): Promise<Omit<Answer, 'cpuSeconds'>> {
  const [only] = commands;
  if (only !== undefined && commands.length === 1) {
    const outcome = runAlone(only);
    return { milliseconds: outcome.milliseconds, outcomes: [outcome] };
  }
  const started = process.hrtime.bigint();
  const outcomes = await Promise.all(commands.map(runBesides));
  return { milliseconds: millisecondsSince(started), outcomes };
}

/** Clock ticks a second in /proc: USER_HZ, which is 100 on all that Linux runs on here. */
const ticks = 100;

/** Of those that have been waited for, with theirs: cutime and cstime, the 16th and 17th field of proc(5)'s stat. */
function cpuSecondsOfChildren(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / ticks;
}

function millisecondsSince(started: bigint): number {
  return Number(process.hrtime.bigint() - started) / 1e6;
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as Request))}\n`);
}
