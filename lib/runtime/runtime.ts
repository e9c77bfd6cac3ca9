/**
 * What Node and Bun each do best in a way of their own. Imported as `#runtime`: package.json names the file for each, so
 * that neither build loads what the other needs. All else of plumbline is the same code on both.
 */

import type IPCIDR from 'ip-cidr';

/** What a child has as a descriptor: one of ours, a pipe that is read to its end, or nothing. */
export type ChildStdio = number | 'pipe' | 'ignore';

export interface ChildOptions {
  /** In order of the child's descriptors; what comes by pipes is returned. */
  readonly stdio: readonly ChildStdio[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Bytes of output after which the child is killed. */
  readonly maxBuffer: number;
  /** Milliseconds after which it is killed. */
  readonly timeout: number | undefined;
}

export interface ChildResult {
  /** Exit status; 128 + number where a signal ended the program. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Runtime {
  /**
   * Runs a program to its end; a limit ends it by SIGKILL. One that has no pipe has only been started when this returns.
   * @throws the system's error where it cannot be started
   */
  runChild(path: string, args: readonly string[], options: ChildOptions): Promise<ChildResult>;
  /**
   * Takes flock(2) on an open file, exclusively and without a child. Left out where the runtime has no way to call it. Who has to
   * wait does so in flock(1), which is needed all the same.
   * @returns false where somebody else has it, or it cannot be called after all
   */
  readonly tryLock?: (fd: number) => boolean;
  /**
   * Does something in another network namespace: the program that it starts is in there, as nsenter(1) would have it. Left out where
   * the runtime has no way to call setns(2).
   * @param namespace its descriptor
   * @param work      waits for nothing: when it returns, so does this process
   * @returns undefined where the namespace cannot be entered, or not left again: nothing has been done
   */
  readonly within?: <Result>(namespace: number, work: () => Result) => Result | undefined;
  /** Hexadecimal digest of a text. */
  hash(algorithm: 'sha256' | 'sha512', text: string): string;
  randomBytes(size: number): Uint8Array;
  /** ip-cidr, which brings a library for large numbers: not loaded before an IPv6 network asks for it, where loading takes time. */
  ipCidr(): typeof IPCIDR;
}
