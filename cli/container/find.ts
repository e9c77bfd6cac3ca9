/** Finds the container that somebody has named, in whichever way. */
import { CniError } from '../../lib/errors.ts';
import type { Host, Netns } from '../../lib/exec/host.ts';
import { CommandError } from '../command.ts';
import type { Ask } from './ask.ts';
import { askContainerd } from './containerd.ts';
import { askCri } from './cri.ts';
import { askDocker, askPodman } from './docker.ts';
import { type Answer, canBeContainer, type Match } from './match.ts';
import { matchNames, matchPath, netnsFolder } from './namespace.ts';

/** A container that runs, with its network namespace open. */
export interface Target extends Disposable {
  /** What CNI plugins know it by. */
  readonly id: string;
  /** What to call it in messages: its name, or its ID. */
  readonly name: string;
  readonly by: string;
  readonly netns: Netns;
}

export interface Finder {
  readonly host: Pick<Host, 'openNetns'>;
  readonly ask: Ask;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * @param named name of a namespace, a path, a PID, or a container's name, its ID or the beginning of it
 * @throws CommandError where there is none, with who was asked; where there are several, with each; and where it does
 *   not run, or has no network namespace of its own
 */
export async function findContainer(finder: Finder, named: string): Promise<Target> {
  if (named.includes('/')) return open(finder.host, matchPath(named));
  const answers = await askAll(finder, named);
  const all = [...matchNames(named), ...answers.flatMap(({ matches }) => matches)];
  if (all.length === 0) throw new CommandError(nobody(named, answers));
  const exact = all.filter(({ isExact }) => isExact);
  return chooseOne(finder.host, named, exact.length > 0 ? exact : all);
}

/** All runtimes side by side. */
async function askAll({ ask, env }: Finder, named: string): Promise<readonly Answer[]> {
  if (!canBeContainer(named)) return [];
  const answers = await Promise.all([
    askDocker(ask, named),
    askPodman(ask, named),
    // Of a pod it knows more than containerd itself.
    askCri(ask, named, env),
    askContainerd(ask, named),
  ]);
  return answers.flat();
}

/** Several runtimes may know one container: a pod of containerd's is known to ctr and to crictl. Its namespace tells. */
function chooseOne(host: Finder['host'], named: string, matches: readonly Match[]): Target {
  const running = matches.filter(({ netns }) => netns.length > 0);
  const [stopped] = matches;
  if (running.length === 0 && stopped !== undefined) {
    const others = new Set(matches.map(({ id }) => id)).size > 1 ? several(named, matches) : '';
    throw new CommandError(others || `${describe(stopped)} does not run (${stopped.state}); start it first`);
  }
  const found = running.flatMap((match) => {
    try {
      return [open(host, match)];
    } catch (error) {
      // It may have ended a moment ago; if nobody else knows it, that is the answer.
      if (running.length === 1) throw error;
      return [];
    }
  });
  const [only, ...more] = oneOfEach(found);
  for (const target of found) if (target !== only || more.length > 0) target[Symbol.dispose]();
  if (only !== undefined && more.length === 0) return only;
  throw new CommandError(several(named, running));
}

/** Of those that have one namespace, the first; rather one that has a name. */
function oneOfEach(targets: readonly Target[]): readonly Target[] {
  const hasName = ({ name, id }: Target): boolean => name !== id;
  const byNetns = Map.groupBy(targets, ({ netns }) => netns.id);
  return [...byNetns.values()].flatMap((same) => same.find(hasName) ?? same[0] ?? []);
}

function open(host: Finder['host'], match: Match): Target {
  let failure: unknown;
  for (const path of match.netns) {
    try {
      const netns = host.openNetns(path, false);
      const { id, name, by } = match;
      return { id, name: name || id, by, netns, [Symbol.dispose]: () => netns[Symbol.dispose]() };
    } catch (error) {
      failure = error;
    }
  }
  if (!(failure instanceof CniError)) throw failure;
  throw new CommandError(`${describe(match)}: ${forPeople(failure.message)}`, { cause: failure });
}

/** Plugins tell it to a runtime, in whose words this is a variable. */
function forPeople(message: string): string {
  return message
    .replace(/^CNI_NETNS: /, '')
    .replace(
      /is the namespace that this plugin runs in; give the container's own one/,
      "is the node's own network namespace; it has no network of its own to be attached",
    );
}

const describe = ({ by, id, name }: Match): string => `${by}: ${name === '' ? id : `${name} (${id})`}`;

function several(named: string, matches: readonly Match[]): string {
  const lines = matches.map((match) => `  ${describe(match)}, ${match.netns.at(-1) ?? match.state}`);
  return [
    `"${named}" is the name of several:`,
    ...new Set(lines),
    'give more of the ID, or the path of the namespace',
  ].join('\n');
}

function nobody(named: string, answers: readonly Answer[]): string {
  const process = /^\d+$/.test(named) ? [`  PID: there is no process ${named}`] : [];
  return [
    `there is no container "${named}"; asked were`,
    `  ip netns: there is no ${netnsFolder}/${named}`,
    ...process,
    ...answers.map(({ by, why }) => `  ${by}: ${why ?? ''}`),
  ].join('\n');
}
