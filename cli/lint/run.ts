/** `plumbline lint`: what it is given, and what it prints. */
import { statSync } from 'node:fs';
import { isErrnoException } from '../../lib/errors.ts';
import { type CliIo, UsageError } from '../command.ts';
import { filesIn } from '../network/files.ts';
import { lintFiles, type Report } from './files.ts';
import { formatFinding } from './finding.ts';

export interface LintOptions {
  /** Files and folders. */
  readonly paths: readonly string[];
  readonly json: boolean;
  /** Files have nothing to do with each other. */
  readonly each: boolean;
}

/** @returns 0 where nothing is wrong, 1 where something is */
export function runLint({ paths, json, each }: LintOptions, io: CliIo): number {
  const files = [...new Set(paths.flatMap(filesOf))];
  const report = reading(() => lintFiles(files, each));
  io.stdout.write(json ? formatJson(report) : formatText(report));
  return report.findings.length === 0 ? 0 : 1;
}

function filesOf(path: string): readonly string[] {
  return reading(() => {
    if (!statSync(path).isDirectory()) return [path];
    const files = filesIn(path);
    if (files.length > 0) return files;
    throw new UsageError(
      `${path} has no file .conf, .conflist or .json; folders below it are not looked into`,
    );
  });
}

/** What cannot be read is no finding: whoever checks files means them to be there. */
function reading<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isErrnoException(error)) throw error;
    throw new UsageError(`cannot read: ${error.message}`, { cause: error });
  }
}

function formatJson({ files, findings }: Report): string {
  return `${JSON.stringify({ files, findings }, undefined, 2)}\n`;
}

function formatText({ files, findings }: Report): string {
  const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;
  const lines = findings.map(formatFinding);
  const errors = findings.filter(({ level }) => level === 'error').length;
  const found =
    lines.length === 0
      ? 'nothing wrong'
      : [count(errors, 'error'), count(lines.length - errors, 'warning')].join(', ');
  return [...lines, `${count(files.length, 'file')}: ${found}`].map((line) => `${line}\n`).join('');
}
