/**
 * Files without a name for what a child prints while its caller does something else. A pipe would end with this process, and
 * with the pipe a child that prints in the middle of its work: what a plugin that is killed has begun, its child brings to an end.
 */
import { closeSync, fstatSync, readSync, writeSync } from 'node:fs';
import { isErrnoException } from '../errors.ts';
import { openNameless } from './held.ts';

export interface PrintFiles extends Disposable {
  readonly stdout: number;
  readonly stderr: number;
  /** Whether there is something on its standard output yet. */
  hasPrinted(): boolean;
  /** What is there by now. */
  read(): { readonly stdout: string; readonly stderr: string };
}

/** Bytes that there is room for in any case, on a file system that is filling up: some documents of ip, some messages. */
const room = { stdout: 16_384, stderr: 4_096 } as const;

/** @returns undefined where the folder has no room for as much as a child may have to print */
export function makePrintFiles(runDir: string): PrintFiles | undefined {
  const files: number[] = [];
  const dispose = (): void => {
    for (const file of files) closeSync(file);
  };
  const isThereRoom = (size: number): boolean => {
    try {
      const file = openNameless(runDir);
      files.push(file);
      return writeSync(file, Buffer.alloc(size), 0, size, 0) === size;
    } catch (error) {
      if (isErrnoException(error)) return false;
      throw error;
    }
  };
  if (!Object.values(room).every(isThereRoom)) {
    dispose();
    return undefined;
  }
  const [stdout = -1, stderr = -1] = files;
  return {
    stdout,
    stderr,
    hasPrinted: () => textIn(stdout, 1) !== '',
    read: () => ({ stdout: textIn(stdout), stderr: textIn(stderr) }),
    [Symbol.dispose]: dispose,
  };
}

/** What is in a file before the zeros that have kept room for it: none of these programs prints one. */
function textIn(file: number, most = fstatSync(file).size): string {
  const bytes = Buffer.alloc(most);
  for (let at = 0; at < most; ) {
    const count = readSync(file, bytes, at, most - at, at);
    if (count === 0) break;
    at += count;
  }
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? most : end);
}
