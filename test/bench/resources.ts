/** What a call takes besides time: memory and processes; counted apart, since both ways slow it down. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../support/paths.ts';
import { parseStrace, straceArguments } from '../support/strace.ts';
import { type CniCommand, type Contender, callOf, configOf, type Side } from './contenders.ts';
import { readWhole, takeOut } from './page-cache.ts';
import type { Command, Outcome } from './protocol.ts';
import type { Plugin, Scenario } from './scenarios.ts';
import type { Station } from './station.ts';
import { quantile } from './statistics.ts';

export interface ResourceMeasure {
  readonly plugin: Plugin;
  readonly scenario: string;
  readonly command: CniCommand;
  readonly contender: Side;
  /**
   * MiB of the largest process in the tree at its peak: wait4's ru_maxrss. The pages of an executable that several
   * processes map count in each. Absent without GNU time.
   */
  readonly peak?: number;
  /** Processes made, threads not among them; an exec chain is one. Absent without strace. */
  readonly children?: number;
}

const commands: readonly CniCommand[] = ['VERSION', 'ADD', 'CHECK', 'DEL'];
const repeats = 3;

/** The network of this scenario must stand: the resident container of the measurements before is its steady state. */
export async function measureResources(
  contenders: readonly Contender[],
  { scenario, number }: { readonly scenario: Scenario; readonly number: number },
): Promise<readonly ResourceMeasure[]> {
  const measures: ResourceMeasure[] = [];
  for (const contender of contenders) {
    const [sandbox] = await contender.station.sandboxes(1);
    if (sandbox === undefined) throw new Error('no namespace was made');
    const config = configOf(contender, number, scenario);
    const callAll = (wrap: Wrap): Promise<Map<CniCommand, number>> =>
      callEach(wrap, contender.station, (command, result) =>
        callOf(contender, command, config, sandbox, result),
      );
    const files = [config.type, 'host-local'].map((name) => join(contender.folder, name));
    // What lies there in large pieces is counted whole by each process: 17 MiB more for ours. Read anew, all are alike.
    takeOut(files);
    const peaks = await repeated(peakProbe(contender.station), callAll);
    const children = await childrenProbe(contender.station, callAll);
    readWhole(files);
    for (const command of commands) {
      const peak = peaks?.get(command);
      const count = children?.get(command);
      measures.push({
        plugin: scenario.plugin,
        scenario: scenario.title,
        command,
        contender: contender.name,
        ...(peak === undefined ? {} : { peak }),
        ...(count === undefined ? {} : { children: count }),
      });
    }
  }
  return measures;
}

/** Puts a program before a call, and reads afterwards what it has found. */
interface Wrap {
  readonly argv: readonly string[];
  read(): number;
}

type CallAll = (wrap: Wrap) => Promise<Map<CniCommand, number>>;

async function callEach(
  { argv, read }: Wrap,
  station: Station,
  callFor: (command: CniCommand, result: { readonly result?: string }) => Command,
): Promise<Map<CniCommand, number>> {
  const found = new Map<CniCommand, number>();
  let result: string | undefined;
  for (const command of commands) {
    const call = callFor(command, result === undefined ? {} : { result });
    const { stdout }: Outcome = await station.run({ ...call, argv: [...argv, ...call.argv] });
    if (command === 'ADD') result = stdout;
    found.set(command, read());
  }
  return found;
}

function peakProbe({ node }: Station): Wrap | undefined {
  const time = findProgram('time');
  if (time === undefined) return undefined;
  const file = join(node.dir, 'peak');
  return {
    argv: [time, '--format=%M', `--output=${file}`],
    read: () => Number(readFileSync(file, 'utf8')) / 1024,
  };
}

async function repeated(
  wrap: Wrap | undefined,
  callAll: CallAll,
): Promise<Map<CniCommand, number> | undefined> {
  if (wrap === undefined) return undefined;
  const rounds: Map<CniCommand, number>[] = [];
  for (let round = 0; round < repeats; round += 1) rounds.push(await callAll(wrap));
  return new Map(
    commands.map((command) => [
      command,
      quantile(
        rounds.map((found) => found.get(command) ?? Number.NaN),
        0.5,
      ),
    ]),
  );
}

async function childrenProbe(
  { node }: Station,
  callAll: CallAll,
): Promise<Map<CniCommand, number> | undefined> {
  if (findProgram('strace') === undefined) return undefined;
  const file = join(node.dir, 'trace');
  return callAll({
    argv: straceArguments(file),
    read: () => parseStrace(readFileSync(file, 'utf8')).length,
  });
}
