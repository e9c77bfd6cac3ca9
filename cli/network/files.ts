/** net.d: which files a runtime reads there, and what it takes each for. */
import { readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { JsonObject } from '../../lib/cni/json.ts';

/** Where runtimes look for networks, and for plugins. */
export const defaultNetDir = '/etc/cni/net.d';
export const defaultBinDir = '/opt/cni/bin';

/** What runtimes take for a network in net.d. */
const extensions: readonly string[] = ['.conf', '.conflist', '.json'];

/** The networks' files of a folder, in the order in which runtimes choose among them. What is below it is others'. */
export function filesIn(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((name) => extensions.includes(extname(name)))
    .sort()
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false);
}

/** Runtimes tell a list of plugins from one plugin by the file's name; where that has no extension, its keys tell. */
export function isList(file: string, value: JsonObject): boolean {
  return extname(file) === '.conflist' || (extname(file) === '' && Object.hasOwn(value, 'plugins'));
}
