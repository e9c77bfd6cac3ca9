/** What lint finds, and where. */

/** `error`: refused, or without the effect that it is written for; `warning`: taken, and most likely not meant. */
export type Level = 'error' | 'warning';

/** As `--json` prints it. */
export interface Finding {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in characters of UTF-16, as editors count. */
  readonly column: number;
  readonly level: Level;
  /** Path of the field in the file: `plugins[0].ipam.ranges[0][0].subnet`; empty where it is the file as a whole. */
  readonly field: string;
  /** What is wrong, what was expected, and what to write instead. */
  readonly message: string;
}

/** `10-pods.conflist:7:15: error: isGatway: unknown key; did you mean isGateway?`, as compilers write it. */
export function formatFinding({ file, line, column, level, message }: Finding): string {
  return `${file}:${line}:${column}: ${level}: ${message}`;
}

/** In the order of the file. */
export function compareFindings(a: Finding, b: Finding): number {
  return a.line - b.line || a.column - b.column || a.message.localeCompare(b.message);
}
