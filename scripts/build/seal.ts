/**
 * Takes names of environment variables out of a runtime's binary, so that it asks for them in vain. An executable that
 * runs as root for any container's sake must not run code, open a port or write a file because a variable says so, and
 * neither runtime has a switch for all of these.
 *
 * Only the first byte of a name becomes NUL: linkers let shorter texts share the end of longer ones, and those stay.
 */

import { createHash } from 'node:crypto';
import type { Arch } from './arch.ts';
import { any, findAll, number19, type Pattern, theOnly, word } from './bytes.ts';

/** Names that the binary asks the C library for. */
const names = {
  node: [
    // Write files.
    'NODE_COMPILE_CACHE',
    'NODE_V8_COVERAGE',
    'NODE_REDIRECT_WARNINGS',
    // Prints to standard error, pages of it.
    'NODE_DEBUG_NATIVE',
    // Refused with exit status 9, in an executable that takes no options.
    'NODE_REPL_EXTERNAL_MODULE',
    // Read files.
    'NODE_EXTRA_CA_CERTS',
    'NODE_ICU_DATA',
  ],
  bun: [
    // Another program in place of ours, or before it.
    'BUN_BE_BUN',
    'BUN_OPTIONS',
    'BUN_INSPECT_PRELOAD',
    // A debugger's port.
    'BUN_INSPECT',
    'BUN_INSPECT_CONNECT_TO',
    // Messages from a parent, by a descriptor that is none.
    'NODE_CHANNEL_FD',
    // Ends children with their parent, who are to hold a lock beyond it.
    'BUN_FEATURE_FLAG_NO_ORPHANS',
    // Write files.
    'BUN_BYTECODE_DIGEST_OUT',
    'BUN_BYTECODE_ORDER_OUT',
    'BUN_BYTECODE_ORDER_NAMES_OUT',
    'BUN_RUNTIME_TRANSPILER_CACHE_PATH',
    'BUN_TRACE',
    'BUN_WATCHER_TRACE',
    'NODE_COMPILE_CACHE',
    'NODE_REDIRECT_WARNINGS',
    // Read files, or send something away.
    'NODE_EXTRA_CA_CERTS',
    'BUN_CRASH_REPORT_URL',
    'BUN_ENABLE_CRASH_REPORTING',
  ],
} as const;

/** Where Bun would tell of a crash; Rust's texts have no end of their own. */
const reportAddress = 'https://bun.report';

/** A copy of Node's binary is changed in place. */
export function sealNode(binary: Buffer): void {
  for (const name of names.node) blank(binary, name);
}

/** The same for Bun's; `arch` is the binary's. */
export function sealBun(binary: Buffer, arch: Arch): void {
  for (const name of names.bun) blank(binary, name);
  blank(binary, reportAddress, '');
  skipEngineOptions(binary, arch);
}

/**
 * @param ends of a C string by default, which is a name as a whole
 * @throws Error where the text is not there just once: then another version of the runtime is to be looked at
 */
function blank(binary: Buffer, text: string, ends = '\0'): void {
  const places = findAll(binary, [...Buffer.from(`${ends}${text}${ends}`, 'latin1')]);
  // Node has some once more in the heap of its own snapshot, behind their length: those are JavaScript's.
  const own = places.filter((at) => binary.readUInt32LE(at + ends.length - 4) !== text.length);
  binary[theOnly(own, () => unexpected(text, places.length)) + ends.length] = 0;
}

/**
 * BUN_JSC_* sets any option of the JavaScript engine, also such as print and write files, and a name that is unknown ends the
 * process. The prefix is no text in the binary: it is compared byte by byte, and whoever is not equal is passed over.
 * The first of these branches, on the letter B, becomes one that is always taken.
 */
function skipEngineOptions(binary: Buffer, arch: Arch): void {
  const prefix = [...Buffer.from('BUN_JSC_', 'latin1')];
  const compare = arch.node === 'x64' ? compareOnX64 : compareOnArm64;
  const places = findAll(binary, prefix.flatMap(compare.code));
  compare.always(
    binary,
    theOnly(places, (count) => unexpected('BUN_JSC_', count)),
  );
}

interface Comparison {
  /** Machine code that compares one byte of a text, with any distance of the branch. */
  readonly code: (letter: number, index: number) => Pattern;
  readonly always: (binary: Buffer, place: number) => void;
}

/** cmpb $letter, index(%r14); jne. */
const compareOnX64: Comparison = {
  code: (letter, index) => [0x41, 0x80, ...(index === 0 ? [0x3e] : [0x7e, index]), letter, 0x75, any],
  always: (binary, place) => {
    binary[place + 4] = 0xeb; // jmp
  },
};

/** ldrb w10, [x9, #index]; cmp w10, #letter; b.ne. */
const compareOnArm64: Comparison = {
  code: (letter, index) => [
    ...word(0x3940012a | (index << 10)),
    ...word(0x7100015f | (letter << 10)),
    ...[any, any, any, 0x54],
  ],
  always: (binary, place) => {
    const words = number19(binary, place + 8);
    binary.writeInt32LE(0x14000000 | (words & 0x03ffffff), place + 8); // b
  },
};

const unexpected = (what: string, count: number): string =>
  `${what} is in this runtime's binary ${count} times, and not once: see scripts/build/seal.ts`;

/** Tells what is kept of one list of names from what was made by another. */
export const sealVersion: string = createHash('sha256').update(names.node.join()).digest('hex').slice(0, 8);
