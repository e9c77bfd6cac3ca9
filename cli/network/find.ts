/** Finds a network by its name in net.d, or by its file. */
import { existsSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { parseObject } from '../../lib/cni/json.ts';
import { isErrnoException } from '../../lib/errors.ts';
import { readPlainFile } from '../../lib/exec/plain-file.ts';
import { CommandError } from '../command.ts';
import { nearest } from '../lint/nearest.ts';
import { type Chain, parseChain } from './chain.ts';
import { filesIn } from './files.ts';

/** What a folder of networks has: what can be read, and why the rest cannot. */
export interface Networks {
  /** In the order in which a runtime looks for a name: lists before single plugins. */
  readonly chains: readonly Chain[];
  readonly faults: readonly string[];
}

/**
 * @param named a network's name in net.d, or the path of a file; where it has no `/`, a name in net.d comes first
 * @throws CommandError where there is none, with the names that there are
 */
export function findNetwork(named: string, netDir: string): Chain {
  if (named.includes('/')) return readChainFile(named);
  const { chains, faults } = readNetDir(netDir);
  const found = chains.find(({ name }) => name === named);
  if (found !== undefined) return found;
  if (existsSync(named)) return readChainFile(named);
  throw new CommandError([missing(named, netDir, chains), ...faults].join('\n'));
}

/** @throws CommandError that names the file and what is wrong with it */
export function readChainFile(file: string): Chain {
  return parseChain(file, readText(file), (network) => pluginsBeside(file, network));
}

/**
 * Later runtimes take further plugins of a list out of a folder that is beside it and has the network's name (libcni
 * 1.3, `loadOnlyInlinedPlugins`).
 */
function pluginsBeside(file: string, network: string): readonly unknown[] {
  const folder = join(dirname(file), network);
  if (!existsSync(folder)) return [];
  return filesIn(folder)
    .filter((path) => extname(path) === '.conf')
    .map((path) => parseObject(readText(path), path));
}

/** All networks of a folder; one that is not there has none. */
export function readNetDir(folder: string): Networks {
  const chains: Chain[] = [];
  const faults: string[] = [];
  for (const file of listsFirst(folder)) {
    try {
      chains.push(readChainFile(file));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      faults.push(error.message);
    }
  }
  return { chains, faults };
}

/** A runtime looks through the lists of plugins before it looks at single ones. */
function listsFirst(folder: string): readonly string[] {
  try {
    const files = filesIn(folder);
    const isListed = (file: string): boolean => extname(file) === '.conflist';
    return [...files.filter(isListed), ...files.filter((file) => !isListed(file))];
  } catch (error) {
    if (isErrnoException(error, 'ENOENT')) return [];
    if (!isErrnoException(error)) throw error;
    throw new CommandError(`${folder} cannot be read: ${error.message}`, { cause: error });
  }
}

function readText(file: string): string {
  try {
    const text = readPlainFile(file);
    if (text !== undefined) return text;
  } catch (error) {
    if (!isErrnoException(error)) throw error;
    throw new CommandError(`the network's file cannot be read: ${error.message}`, { cause: error });
  }
  throw new CommandError(`${file} is no plain file of at most 1 MiB`);
}

function missing(named: string, netDir: string, chains: readonly Chain[]): string {
  const names = [...new Set(chains.map(({ name }) => name))];
  const meant = nearest(named, names);
  const there = names.length === 0 ? 'it has none' : `it has ${names.join(', ')}`;
  const hint = meant === undefined ? `; ${there}` : `; did you mean ${meant}?`;
  return `there is no network "${named}" in ${netDir}${hint}`;
}
