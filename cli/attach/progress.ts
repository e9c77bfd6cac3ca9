/** A line on a terminal that tells what is being done, and is gone at the end. */
import { isatty } from 'node:tty';
import type { CliIo } from '../command.ts';
import { visible } from '../visible.ts';

export interface Progress extends Disposable {
  step(text: string): void;
}

const clear = '\r\u001b[2K';

/** @param isQuiet whether a program reads what is printed */
export function progressOn(io: CliIo, isQuiet: boolean): Progress {
  if (isQuiet || !isatty(2)) return { step: () => undefined, [Symbol.dispose]: () => undefined };
  let isShown = false;
  return {
    step(text) {
      isShown = true;
      io.stderr.write(`${clear}${visible(text)} ...`);
    },
    [Symbol.dispose]() {
      if (isShown) io.stderr.write(clear);
      isShown = false;
    },
  };
}
