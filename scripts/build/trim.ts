/**
 * Takes out of a Node binary what it does at each start for nobody's good, and has no switch for: changes of a few bytes,
 * each in one function or variable, which have to be there as they are known.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import type { Arch } from './arch.ts';
import { any, type Change, makeChange } from './bytes.ts';
import { offsetOf } from './elf.ts';

interface Trim {
  /** As a linker names it. */
  readonly symbol: string;
  /** How many bytes of it are searched. */
  readonly length: number;
  readonly change: Readonly<Record<Arch['node'], Change>>;
}

const same = (change: Change): Trim['change'] => ({ x64: change, arm64: change });

const trims: readonly Trim[] = [
  /**
   * v8-profiler.h: a walk through the whole heap, for which functions have no source positions yet, is longer the more a snapshot
   * holds. Without it, lines of a stack are reckoned when one is printed, as in browsers.
   */
  {
    symbol: '_ZN2v811CpuProfiler38UseDetailedSourcePositionsForProfilingEPNS_7IsolateE',
    length: 4,
    change: {
      // push rbp; mov rbp, rsp: ret
      x64: { is: [0x55, 0x48, 0x89, 0xe5], becomes: [0xc3] },
      // stp x29, x30, [sp, #-32]!: ret
      arm64: { is: [0xfd, 0x7b, 0xbe, 0xa9], becomes: [0xc0, 0x03, 0x5f, 0xd6] },
    },
  },
  /**
   * node_snapshotable.cc: V8's heap is copied out of the executable, a page fault each 4 KiB, and then read once. In place of
   * memory that is asked for and filled, this takes the address within the executable, which is mapped as long as it runs: result =
   * this->sink.data() + this->read_total; this->read_total += size.
   */
  {
    symbol: '_ZN4node20SnapshotDeserializer4ReadIN2v811StartupDataELPv0ELS4_0EEET_v',
    length: 0x80,
    change: {
      x64: {
        // call operator new[]; movslq rdx, size; mov rdi, rbx; mov rsi, rax; mov r12, rax; call ReadArithmetic
        is: [
          ...[0xe8, any, any, any, any, 0x48, 0x63, 0x55, 0xec, 0x48, 0x89, 0xdf, 0x48, 0x89, 0xc6],
          ...[0x49, 0x89, 0xc4, 0xe8],
        ],
        // mov r12, [rbx+24]; add r12, [rbx+8]; add [rbx+8], rdi; jmp behind the second call
        becomes: [0x4c, 0x8b, 0x63, 0x18, 0x4c, 0x03, 0x63, 0x08, 0x48, 0x01, 0x7b, 0x08, 0xeb, 0x09],
      },
      arm64: {
        // sxtw x0, w0; bl operator new[]; ldrsw x2, size; mov x20, x0; mov x1, x20; mov x0, x19; bl ReadArithmetic
        is: [
          ...[0x00, 0x7c, 0x40, 0x93, any, any, any, any, 0xe2, 0x2f, 0x80, 0xb9, 0xf4, 0x03, 0x00, 0xaa],
          ...[0xe1, 0x03, 0x14, 0xaa, 0xe0, 0x03, 0x13, 0xaa],
        ],
        from: 4,
        // ldr x20, [x19, #24]; ldr x1, [x19, #8]; add x20, x20, x1; add x1, x1, x0; str x1, [x19, #8]; nop
        becomes: [
          ...[0x74, 0x0e, 0x40, 0xf9, 0x61, 0x06, 0x40, 0xf9, 0x94, 0x02, 0x01, 0x8b],
          ...[0x21, 0x00, 0x00, 0x8b, 0x61, 0x06, 0x00, 0xf9, 0x1f, 0x20, 0x03, 0xd5],
        ],
      },
    },
  },
  /** So these are not freed either, where Node's main ends without process.exit: the branch for no memory is always taken. */
  {
    symbol: '_ZN4node12SnapshotDataD1Ev',
    length: 0x40,
    change: {
      // mov rdi, [rdi+120]; test rdi, rdi; je: jmp
      x64: { is: [0x48, 0x8b, 0x7f, 0x78, 0x48, 0x85, 0xff, 0x74, 0x05], from: 7, becomes: [0xeb] },
      // ldr x0, [x20, #120]; cbz x0: b
      arm64: {
        is: [0x80, 0x3e, 0x40, 0xf9, 0x40, 0x00, 0x00, 0xb4],
        from: 4,
        becomes: [0x02, 0x00, 0x00, 0x14],
      },
    },
  },
  /**
   * absl/synchronization/mutex.h: Node is built with a search for deadlocks by all of V8's locks, with a table of a megabyte that is
   * filled first, and a step for each lock. From OnDeadlockCycle::kAbort to kIgnore, as programs without assertions have it.
   */
  {
    symbol: '_ZN4absl12_GLOBAL__N_124synch_deadlock_detectionE',
    length: 4,
    change: same({ is: [2, 0, 0, 0], becomes: [0] }),
  },
];

/** Tells what is kept of one list of changes from what was made by another. */
export const trimVersion: string = createHash('sha256')
  .update(JSON.stringify(trims))
  .digest('hex')
  .slice(0, 8);

/**
 * @param binary a copy of Node's, changed in place
 * @param nm the program nm of the binary's processor
 * @param file where the binary is from, with its symbols
 * @throws Error where something is not there, or not as it is known: then another version of Node is to be looked at
 */
export function trimNode(binary: Buffer, arch: Arch, nm: string, file: string): void {
  const names = execFileSync(nm, ['--defined-only', file], { encoding: 'utf8', maxBuffer: 1 << 27 });
  for (const { symbol, length, change } of trims) {
    const address = new RegExp(`^([0-9a-f]+) [A-Za-z] ${symbol}$`, 'm').exec(names)?.[1];
    const start = address === undefined ? undefined : offsetOf(binary, Number.parseInt(address, 16));
    makeChange(
      start === undefined ? Buffer.alloc(0) : binary.subarray(start, start + length),
      change[arch.node],
      (count) =>
        `${symbol} in ${file}: what is known of it is there ${count} times: see scripts/build/trim.ts`,
    );
  }
}
