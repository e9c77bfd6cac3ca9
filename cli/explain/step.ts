/** What a call would do, step by step: the same for the script and for --json. */
import type { Text } from './text.ts';

interface Explained {
  /** Why, in a network engineer's words; one line. */
  readonly why: string;
}

/** A program that is run. */
export interface CommandStep extends Explained {
  readonly kind: 'command' | 'read';
  /** Path of the network namespace in which it runs; the node's own where it is undefined. */
  readonly netns?: string | undefined;
  readonly argv: readonly Text[];
  /** Its standard input. */
  readonly input?: string | undefined;
  /** Variables of its environment. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** The call goes on where it fails: what it takes away may be gone already. */
  readonly mayFail?: boolean | undefined;
}

/** A setting of the kernel: a file below /proc/sys or /sys. */
export interface SettingStep extends Explained {
  readonly kind: 'setting';
  readonly netns?: string | undefined;
  readonly path: string;
  readonly value: string;
}

/** A file of the plugins' own: a reservation, a note, a record. */
export interface WriteStep extends Explained {
  readonly kind: 'write';
  readonly path: Text;
  readonly content: string;
  /** Permission bits. */
  readonly mode: number;
  /** Seconds since 1970, where the time of the file says something. */
  readonly time?: number | undefined;
  /** It must not be there yet: what it stands for is taken otherwise. */
  readonly exclusive: boolean;
}

export interface FolderStep extends Explained {
  readonly kind: 'folder';
  /** From the outermost to the innermost. */
  readonly paths: readonly Text[];
  readonly mode: number;
}

export interface RemoveStep extends Explained {
  readonly kind: 'remove' | 'remove-folder';
  readonly path: Text;
}

/** Something that only whoever runs the script can decide. */
export interface StopStep extends Explained {
  readonly kind: 'stop';
}

export type Step = CommandStep | SettingStep | WriteStep | FolderStep | RemoveStep | StopStep;
