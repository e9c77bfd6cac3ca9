/** Which files are linted, and what is in them. */
import { readdirSync, statSync } from 'node:fs';
import { extname, join } from 'node:path';
import { readPlainFile } from '../../lib/exec/plain-file.ts';
import { type Linted, lintText } from './file.ts';
import type { Finding } from './finding.ts';
import type { Network } from './network.ts';
import { lintNode } from './node.ts';

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

export interface Report {
  readonly files: readonly string[];
  readonly findings: readonly Finding[];
  readonly networks: readonly Network[];
}

/**
 * Lints files as what one node has in its net.d.
 * @param isEach each file by itself, as if it were the node's only one
 * @throws the system's own error where one cannot be read
 */
export function lintFiles(files: readonly string[], isEach = false): Report {
  const linted = files.map(lintFile);
  const networks = linted.flatMap(({ network }) => network ?? []);
  const between = isEach ? [] : lintNode(networks);
  const findings = files.flatMap((file, index) => [
    ...(linted[index]?.findings ?? []),
    ...between.filter((finding) => finding.file === file),
  ]);
  return { files, findings, networks };
}

function lintFile(file: string): Linted {
  const text = readPlainFile(file);
  if (text !== undefined) return lintText(file, text);
  const message = 'no plain file of at most 1 MiB';
  return { findings: [{ file, line: 1, column: 1, level: 'error', field: '', message }], network: undefined };
}
