/** How much memory a process's descendants take at the same time. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface MemoryWatch {
  /** Ends the watch. @returns MiB at the peak */
  stop(): Promise<number>;
}

/** Between two looks: each takes about a millisecond a process, which the watched pay for. */
const pause = 150;

/**
 * Looks again and again. What several processes share is divided among them (the kernel's "proportional set size"), so
 * that the sum is what is really taken.
 */
export function watchMemory(pid: number): MemoryWatch {
  const ended = new AbortController();
  let peak = 0;
  const look = async (): Promise<void> => {
    while (!ended.signal.aborted) {
      const kibibytes = descendantsOf(pid).reduce((sum, child) => sum + proportionalSize(child), 0);
      peak = Math.max(peak, kibibytes / 1024);
      await sleep(pause);
    }
  };
  const looking = look();
  return {
    async stop() {
      ended.abort();
      await looking;
      return peak;
    },
  };
}

function descendantsOf(pid: number): readonly number[] {
  const children = read(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** KiB; none of a process that has just ended. */
function proportionalSize(pid: number): number {
  return Number(/^Pss: +(\d+) kB$/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
