/** One plugin's call, told of instead of made: the plugin's own code, on a host that plans. */
import { defaultDataDir } from '../../ipam/host-local/config.ts';
import { isObject, type JsonObject, member, without } from '../../lib/cni/json.ts';
import type { PluginCommand } from '../../lib/cni/request.ts';
import { serve } from '../../lib/cni/serve.ts';
import { findInFolders } from '../../lib/exec/folder.ts';
import type { Host } from '../../lib/exec/host.ts';
import { realRunner } from '../../lib/exec/runner.ts';
import { realHost } from '../../lib/ip/real-host.ts';
import { findPlugin } from '../../plugins/index.ts';
import { CommandError } from '../command.ts';
import { readMark } from '../executable.ts';
import { ipamTypeOf } from '../network/chain.ts';
import { temporaryFolder } from '../temporary.ts';
import { callEnvironment } from './delegate.ts';
import { planningKernel } from './kernel.ts';
import { linksOn } from './links.ts';
import { makePlan, type Plan } from './plan.ts';
import { planningRunner } from './runner.ts';
import { makeScratch, type Scratch } from './scratch.ts';
import { spacesOf } from './spaces.ts';

export interface Call {
  readonly command: PluginCommand;
  readonly containerId: string;
  readonly netns: string;
  readonly ifname: string;
  /** CNI_ARGS. */
  readonly args: string;
  /** Folders of plugins: CNI_PATH. */
  readonly path: readonly string[];
}

/** What is the same for all plugins of a network. */
export interface Planning extends Disposable {
  readonly plan: Plan;
  readonly scratch: Scratch;
  /** Reads of it are the machine's, writes become steps of the plan. */
  readonly host: Host;
}

/** To be disposed of: what plugins write in the meantime goes into a folder of its own. */
export async function startPlanning(command: PluginCommand): Promise<Planning> {
  const searchPath = process.env['PATH'];
  // Inputs of what is run are files without a name in a folder; not in that of the plugins, which may not be there yet.
  const real = { ...realHost(searchPath), runner: realRunner({ searchPath, runDir: temporaryFolder() }) };
  const { runner, kernel } = real;
  const scratch = makeScratch(runner);
  const dispose = (): void => scratch[Symbol.dispose]();
  const spaces = spacesOf(real);
  const plan = makePlan({ command, runner, kernel, spaces, links: linksOn(runner, spaces), scratch });
  try {
    const host: Host = {
      runner: planningRunner(plan),
      kernel: planningKernel(plan, kernel),
      runDir: await scratch.mirror(real.runDir),
      stateDir: await scratch.mirror(real.stateDir),
      executable: real.executable,
      openNetns: spaces.open,
    };
    return { plan, scratch, host, [Symbol.dispose]: dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

export interface Told {
  /** What the plugin would answer; of ADD alone. */
  readonly result: JsonObject | undefined;
}

/**
 * @param config what the plugin would get on standard input
 * @param warn takes its log
 * @throws CommandError with the plugin's own words, where it would fail
 */
export async function explainCall(
  { plan, host, scratch }: Planning,
  call: Call,
  type: string,
  config: JsonObject,
  warn: (line: string) => void,
): Promise<Told> {
  const plugin = findPlugin(type);
  if (plugin === undefined || !isOurs(type, call.path)) {
    callForeign(plan, call, type, config);
    return { result: isObject(config['prevResult']) ? config['prevResult'] : undefined };
  }
  const ipam = ipamTypeOf(config);
  const executable = ipam === undefined ? undefined : ourFile(ipam, call.path);
  const given = executable === undefined ? config : await withCopies(scratch, config);
  const { exitCode, stdout } = await serve(plugin, {
    plugins: findPlugin,
    host: { ...host, ...(executable && { executable }) },
    stdin: () => JSON.stringify(withoutLog(given)),
    env: environmentOf(call),
    stderr: (line) => warn(scratch.translated(line)),
  });
  plan.flush();
  if (call.command === 'CHECK' && executable !== undefined) readReservations(plan, config);
  const answer: unknown = stdout === '' ? undefined : JSON.parse(scratch.translated(stdout));
  if (exitCode !== 0) throw new CommandError(failureOf(type, answer));
  return { result: isObject(answer) ? answer : undefined };
}

function failureOf(type: string, answer: unknown): string {
  const { code, msg, details }: JsonObject = isObject(answer) ? answer : {};
  return [`${type}: ${String(msg)} (code ${String(code)})`, ...(details ? [String(details)] : [])].join('\n');
}

const environmentOf = ({
  command,
  containerId,
  netns,
  ifname,
  args,
  path,
}: Call): Record<string, string> => ({
  CNI_COMMAND: command,
  ...(command === 'GC' ? {} : { CNI_CONTAINERID: containerId, CNI_NETNS: netns, CNI_IFNAME: ifname }),
  CNI_ARGS: args,
  CNI_PATH: path.join(':'),
});

/** A plugin of another project, or of a chain's other members: its call is all that can be told. */
function callForeign(plan: Plan, call: Call, type: string, config: JsonObject): void {
  const file = findInFolders(type, call.path);
  if (file === undefined) {
    throw new CommandError(
      `the plugin "${type}" is not in ${call.path.join(':')}; install it there, or correct type`,
    );
  }
  const planned = {
    argv: [file],
    input: `${JSON.stringify(config, undefined, 2)}\n`,
    env: callEnvironment(environmentOf(call)),
    why: `the plugin ${type} is another project's: what it does is its own affair`,
  };
  if (call.command === 'CHECK') plan.read(planned);
  else plan.run(planned);
}

/** A plugin's file where that is plumbline's. */
function ourFile(type: string, path: readonly string[]): string | undefined {
  const file = findInFolders(type, path);
  return file !== undefined && readMark(file) !== undefined ? file : undefined;
}

/** One that is installed nowhere is explained all the same; a `bridge` that is there may be the reference's. */
const isOurs = (type: string, path: readonly string[]): boolean =>
  findInFolders(type, path) === undefined || ourFile(type, path) !== undefined;

/** The config with the copy of what host-local keeps in the place of its folder. */
async function withCopies(scratch: Scratch, config: JsonObject): Promise<JsonObject> {
  const ipam = member(config, 'ipam');
  const network = member(config, 'name');
  if (!isObject(ipam) || typeof network !== 'string') return config;
  const dataDir = member(ipam, 'dataDir') || defaultDataDir;
  if (typeof dataDir !== 'string' || !dataDir.startsWith('/') || !/^[^./\0][^/\0]*$/.test(network))
    return config;
  const copy = await scratch.mirror(dataDir, [network, `.plumbline/${network}`]);
  return { ...without(config, 'ipam'), ipam: { ...without(ipam, 'dataDir'), dataDir: copy } };
}

/** What CHECK of host-local reads: the files of the addresses that it has given. */
function readReservations(plan: Plan, config: JsonObject): void {
  const { prevResult } = config;
  const ips = isObject(prevResult) ? prevResult['ips'] : undefined;
  for (const { address } of Array.isArray(ips) ? ips.filter(isObject) : []) {
    const ip = String(address).replace(/\/.*/, '');
    const file = `${folderOf(config)}/${ip}`;
    if (!plan.kernel.exists(file)) continue;
    plan.read({ argv: ['cat', file], why: `is ${ip} reserved for this interface of this container?` });
  }
}

/** Of the reservations of a network. */
function folderOf(config: JsonObject): string {
  const ipam = member(config, 'ipam');
  const dataDir = isObject(ipam) ? member(ipam, 'dataDir') : undefined;
  return `${typeof dataDir === 'string' && dataDir !== '' ? dataDir : defaultDataDir}/${String(member(config, 'name'))}`;
}

/** A log is a file, too. */
const withoutLog = (config: JsonObject): JsonObject => without(config, 'logFile');
