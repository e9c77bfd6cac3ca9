/**
 * What the guest tells the host while it runs: one JSON object a line, in a file that both see. So what has been
 * tested is known even where the machine hangs or is killed in the middle.
 */
import { readFileSync } from 'node:fs';

export type GuestEvent =
  | { readonly type: 'collected'; readonly file: string; readonly names: readonly string[] }
  | ({ readonly type: 'case'; readonly file: string } & CaseResult)
  /** A file is done; errors are those of the file itself, such as one that cannot be loaded. */
  | { readonly type: 'file'; readonly file: string; readonly errors: readonly GuestError[] }
  /** All is done; errors are those that belong to no test. */
  | { readonly type: 'end'; readonly errors: readonly GuestError[] };

export interface CaseResult {
  /** With the names of its groups: `two networks > reach each other`. */
  readonly name: string;
  readonly state: 'passed' | 'failed' | 'skipped';
  readonly milliseconds: number;
  readonly errors: readonly GuestError[];
  /** What it printed. */
  readonly output: string;
}

export interface GuestError {
  readonly message: string;
  readonly stack: string;
}

/** Where the guest sees this checkout. */
export const guestRoot = '/checkout';

/** Files in the folder of results. */
export const eventsFile = 'events';
export const filesFile = 'files';
export const environmentFile = 'environment';

/** A function that reads the events which have come since it was called last. */
export function eventReader(path: string): () => readonly GuestEvent[] {
  let position = 0;
  return () => {
    const bytes = readFileSync(path).subarray(position);
    // A line may have come in part; its rest is read with it the next time.
    const end = bytes.lastIndexOf('\n') + 1;
    position += end;
    const lines = bytes.subarray(0, end).toString().split('\n').filter(Boolean);
    return lines.map((line) => JSON.parse(line) as GuestEvent);
  };
}
