/** Which files are linted, and what is in them. */
import { readPlainFile } from '../../lib/exec/plain-file.ts';
import { type Linted, lintText } from './file.ts';
import type { Finding } from './finding.ts';
import type { Network } from './network.ts';
import { lintNode } from './node.ts';

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
