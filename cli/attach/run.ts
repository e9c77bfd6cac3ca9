/** `plumbline attach`: a container gets a further interface. */
import type { JsonObject } from '../../lib/cni/json.ts';
import { ifnameFault } from '../../lib/cni/request.ts';
import { parseVersion, type SpecVersion } from '../../lib/cni/version.ts';
import { type CliIo, CommandError, UsageError } from '../command.ts';
import { findContainer, type Target } from '../container/find.ts';
import type { Chain } from '../network/chain.ts';
import { findNetwork } from '../network/find.ts';
import { visible } from '../visible.ts';
import { addChain, chooseVersion } from './call.ts';
import { findRefused } from './check-result.ts';
import { forPeople, lockContainer, type Surroundings, surroundings } from './environment.ts';
import { expose, placeForLink } from './expose.ts';
import { type Fitted, fitChain, yieldDefaultRoutes } from './fit.ts';
import { type MakeOptions, makeChain } from './make.ts';
import { pluginPath } from './plugins.ts';
import { type Progress, progressOn } from './progress.ts';
import { type AttachmentRecord, readRecords, rereadRecord, writeRecord } from './record.ts';
import { lookInside } from './sandbox.ts';
import { addressesOf, macOf, stateReader } from './state.ts';
import { remedyOf, takeDown } from './take-down.ts';
import { readWishes, type Wishes, type WishOptions } from './wishes.ts';

export interface AttachOptions extends WishOptions, Omit<MakeOptions, 'plugin'> {
  readonly container: string | undefined;
  readonly network: string | undefined;
  readonly plugin: string | undefined;
  readonly ifname: string | undefined;
  readonly expose: boolean;
  readonly netDir: string;
  readonly binDir: string;
  readonly json: boolean;
  readonly printConfig: boolean;
}

/**
 * @returns the exit status
 * @throws UsageError for options that make no sense, CommandError for what could not be done; then nothing is left of it
 */
export function runAttach(options: AttachOptions, io: CliIo, env = process.env): Promise<number> {
  return forPeople(async () => {
    const wishes = readWishes(options);
    if (options.ifname !== undefined) checkIfname(options.ifname);
    const fitted = fitChain(readNetwork(options, wishes), wishes);
    if (options.printConfig) {
      io.stdout.write(`${JSON.stringify(configOf(fitted.chain, ...fitted.chain.versions), undefined, 2)}\n`);
      return 0;
    }
    if (!options.container) throw new UsageError('CONTAINER is missing');
    const around = surroundings(env);
    using progress = progressOn(io, options.json);
    progress.step(`looking for ${options.container}`);
    using target = await findContainer(around.finder, options.container);
    using lock = await lockContainer(around.host, target.netns.id);
    const attachment = { around, target, options, wishes, fitted, progress, lock: lock.fd, io };
    const record = await attach(attachment);
    progress[Symbol.dispose]();
    io.stdout.write(options.json ? `${JSON.stringify(record.result, undefined, 2)}\n` : tell(record));
    return 0;
  });
}

function readNetwork(options: AttachOptions, wishes: Wishes): Chain {
  const { network, plugin, bridge, master, mode, netDir } = options;
  if (plugin !== undefined) return makeChain({ plugin, bridge, master, mode }, wishes);
  if (network === undefined || network === '')
    throw new UsageError('--network NAME or --plugin PLUGIN is missing');
  const alone = Object.entries({ bridge, master, mode }).find(([, value]) => value !== undefined);
  if (alone !== undefined)
    throw new UsageError(`--${alone[0]} belongs to --plugin, and a network says it itself`);
  return findNetwork(network, netDir);
}

function checkIfname(ifname: string): void {
  const fault = ifnameFault(ifname);
  if (fault !== undefined) throw new UsageError(`--ifname: "${ifname}" ${fault}`);
}

interface Attach {
  readonly around: Surroundings;
  readonly target: Target;
  readonly options: AttachOptions;
  readonly wishes: Wishes;
  readonly fitted: Fitted;
  readonly progress: Progress;
  readonly lock: number;
  readonly io: CliIo;
}

async function attach(the: Attach): Promise<AttachmentRecord> {
  const { host } = the.around;
  const left = await clearEarlier(the);
  const inside = await lookInside(host, the.target.netns);
  // A name of what is left is taken: its detach takes down what has that name.
  const ifname = the.options.ifname ?? freeIfname(new Set([...inside.links.keys(), ...left]));
  if (inside.links.has(ifname)) {
    throw new CommandError(
      `${the.target.name} has an interface ${ifname} already; name another one by --ifname`,
    );
  }
  const { chain, hasYielded } = yieldDefaultRoutes(the.fitted.chain, the.wishes, inside.defaultRoutes);
  if (hasYielded)
    note(the, `${the.target.name} has a default route, and keeps it: none goes through ${ifname}`);
  const begun = await begin(the, chain, ifname);
  try {
    const result = await add(the, begun, chain);
    const record = { ...begun, result };
    writeRecord(host.stateDir, record);
    const refused = findRefused(result, ifname, the.wishes);
    if (refused !== undefined) throw new CommandError(refused);
    if (record.exposed !== undefined) expose(record.exposed, record.netns);
    return record;
  } catch (error) {
    the.progress.step('taking back what was done');
    await undo(the, begun, error);
    throw error;
  }
}

/**
 * Clears what an earlier attach to this container has begun and not ended, and what an earlier container of its name had.
 * @returns names of interfaces that could not be cleared, which stay taken
 * @throws CommandError where one is of the same network, whose plugins would fail again and leave more, or is the one
 *   that was asked for
 */
async function clearEarlier(the: Attach): Promise<ReadonlySet<string>> {
  const { around, target, options, fitted, progress, lock } = the;
  const { host, env } = around;
  const stateOf = stateReader(host);
  const left = new Set<string>();
  for (const record of readRecords(host.stateDir).records) {
    if (record.containerId !== target.id && record.netnsId !== target.netns.id) continue;
    if ((await stateOf(record)) === 'attached') continue;
    progress.step(`clearing what is left of ${record.ifname} in ${record.network}`);
    try {
      await takeDown({ host, env, lock }, record);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      const what = [
        `what is left of ${record.ifname} in network "${record.network}" could not be cleared:`,
        error.message,
        remedyOf(record),
      ].join('\n');
      if (record.network === fitted.chain.name || record.ifname === options.ifname)
        throw new CommandError(what, { cause: error });
      left.add(record.ifname);
      note(the, what);
    }
  }
  return left;
}

function note({ options, progress, io }: Attach, text: string): void {
  if (options.json) return;
  progress[Symbol.dispose]();
  for (const line of text.split('\n')) io.stderr.write(`${visible(line)}\n`);
}

function freeIfname(taken: ReadonlySet<string>): string {
  let number = 1;
  while (taken.has(`eth${number}`)) number += 1;
  return `eth${number}`;
}

/** Writes down what is about to be done, before anything is. */
async function begin(
  { around, target, options, fitted }: Attach,
  chain: Chain,
  ifname: string,
): Promise<AttachmentRecord> {
  const { host, env } = around;
  const binDir = pluginPath(host, chain, options.binDir);
  const version = await chooseVersion(chain, binDir, env);
  const exposed = options.expose ? placeForLink(target, target.netns.path) : undefined;
  const { capabilityArgs, cniArgs } = fitted;
  const record: AttachmentRecord = {
    network: chain.name,
    containerId: target.id,
    ifname,
    container: target.name,
    by: target.by,
    netns: target.netns.path,
    netnsId: target.netns.id,
    ...(exposed !== undefined && { exposed }),
    binDir,
    config: configOf(chain, version),
    ...(capabilityArgs !== undefined && { capabilityArgs: { ...capabilityArgs } }),
    ...(cniArgs !== undefined && { cniArgs }),
    since: new Date().toISOString(),
  };
  writeRecord(host.stateDir, record);
  return record;
}

/** The network as a file says it. */
function configOf({ name, plugins }: Chain, ...versions: readonly SpecVersion[]): Record<string, unknown> {
  return {
    cniVersion: versions[0],
    ...(versions.length > 1 && { cniVersions: versions }),
    name,
    plugins: plugins.map(({ written }) => written),
  };
}

async function add(
  { around, target, progress, lock, io, options }: Attach,
  { config, ifname, binDir, cniArgs, capabilityArgs }: AttachmentRecord,
  chain: Chain,
): Promise<Record<string, unknown>> {
  const result: JsonObject = await addChain(
    { ...chain, version: parseVersion(config['cniVersion']) },
    {
      containerId: target.id,
      netns: target.netns.path,
      ifname,
      path: binDir,
      cniArgs,
      capabilityArgs,
      env: around.env,
      lock,
      onStep: (plugin) => progress.step(`${target.name}: ${plugin} makes ${ifname} in ${chain.name}`),
      onWords: (text) => void (options.json || io.stderr.write(text)),
    },
  );
  return { ...result };
}

/** As a runtime answers a failed ADD. What cannot be undone stays written down, for detach. */
async function undo({ around, lock }: Attach, record: AttachmentRecord, cause: unknown): Promise<void> {
  try {
    // With its result, if there is one by now.
    await takeDown({ ...around, lock }, rereadRecord(around.host.stateDir, record) ?? record);
  } catch (error) {
    if (!(error instanceof CommandError) || !(cause instanceof Error)) throw error;
    throw new CommandError(
      [cause.message, 'and what was done could not be taken back:', error.message, remedyOf(record)].join(
        '\n',
      ),
      { cause },
    );
  }
}

function tell(record: AttachmentRecord): string {
  const { container, network, ifname, exposed } = record;
  const facts = [addressesOf(record).join(', '), macOf(record)].filter(Boolean);
  const link = exposed === undefined ? '' : `; ip netns exec ${exposed.split('/').at(-1)} ip address`;
  const known = facts.length > 0 ? `: ${facts.join(', ')}` : '';
  return `${visible(`${container}: ${ifname} is in network "${network}"${known}${link}`)}\n`;
}
