/**
 * What a heap holds of functions. Node's own snapshot, from which each process begins, has some 2,700 functions compiled, of
 * which a call runs a hundred; a function that is not compiled is small, and compiled when it is called.
 */
import v8 from 'node:v8';

/** Only in a Node that was started with --expose-internals, as that is which takes the snapshot. */
const preExecution = 'internal/process/pre_execution';

interface PreExecution {
  /** What Node does at each start before any program; here it has been done before, and is done once more at each start. */
  readonly prepareMainThreadExecution: (expandArgv1: boolean) => void;
}

/** Of functions, in bytes, at the last garbage collection. */
const codeSize = (): number => v8.getHeapCodeStatistics().bytecode_and_metadata_size;

/**
 * Forgets the code of all functions that are not running, and then has compiled again what each start of Node needs. What the
 * program itself needs is to run once more.
 * @throws Error where V8 does not do so any more
 */
export function forgetCode(): void {
  const before = codeSize();
  v8.setFlagsFromString('--stress-flush-code');
  // A full garbage collection, which is when V8 forgets code.
  v8.queryObjects(class Nobody {});
  v8.setFlagsFromString('--no-stress-flush-code');
  if (codeSize() > before / 2) throw new Error('V8 has not forgotten its code: see scripts/build/forget.ts');
  (require(preExecution) as PreExecution).prepareMainThreadExecution(false);
}
