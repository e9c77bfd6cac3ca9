/**
 * Takes out of a Bun binary what it does for long lives, and a call of a few milliseconds only pays for. There are environment
 * variables for each, but an executable's are not its own. The changes are of a few bytes, which have to be there as they are known.
 */
import type { Arch } from './arch.ts';
import { any, type Change, findAll, makeChange, number19, theOnly, word } from './bytes.ts';
import { addressOf } from './elf.ts';

/**
 * @param binary a copy of Bun's, changed in place
 * @throws Error where something is not there, or not as it is known: then another version of Bun is to be looked at
 */
export function trimBun(binary: Buffer, arch: Arch): void {
  disableCollectionTimer(binary, arch);
  disableWarmUp(binary, arch);
}

/**
 * A second after its start, Bun collects garbage if the heap has grown, with threads beside. A call that lasts as long is one of many: of
 * 100 at once, 80 to 100 did so, on a heap of two megabytes that the process was soon to end with. BUN_GC_TIMER_DISABLE keeps it from
 * that; where nobody has set it, it is now as if somebody had. JavaScriptCore itself collects as before, when much has been allocated.
 */
function disableCollectionTimer(binary: Buffer, arch: Arch): void {
  const name = 'BUN_GC_TIMER_DISABLE';
  const text = theOnly(findAll(binary, [...Buffer.from(`\0${name}\0`, 'latin1')]), unexpected(name)) + 1;
  const address = addressOf(binary, text) ?? 0;
  const place = theOnly(unsetBranches[arch.node](binary, address), unexpected(`getenv("${name}")`));
  const change = unset[arch.node];
  makeChange(binary.subarray(place, place + change.is.length), change, unexpected(name));
}

/** Of a variable that is asked for once: what is returned where it is not set, and what is remembered (1 unset, 2 false, 3 true). */
const unset: Readonly<Record<Arch['node'], Change>> = {
  // mov al, 2; mov r14b, 1: mov al, 1; mov r14b, 3
  x64: { is: [0xb0, 0x02, 0x41, 0xb6, 0x01], becomes: [0xb0, 0x01, 0x41, 0xb6, 0x03] },
  // mov w8, #1; mov w0, #2: mov w8, #3; mov w0, #1
  arm64: {
    is: [0x28, 0x00, 0x80, 0x52, 0x40, 0x00, 0x80, 0x52],
    becomes: [0x68, 0x00, 0x80, 0x52, 0x20, 0x00, 0x80, 0x52],
  },
};

/** Where code goes on when getenv(3), called with the text at an address, has returned NULL. */
const unsetBranches: Readonly<Record<Arch['node'], (binary: Buffer, address: number) => readonly number[]>> =
  {
    // mov edi, address; call getenv; test rax, rax; je
    x64: (binary, address) =>
      findAll(binary, [
        ...[0xbf, ...word(address), 0xe8, any, any, any, any],
        ...[0x48, 0x85, 0xc0, 0x74, any],
      ]).map((at) => at + 15 + binary.readInt8(at + 14)),
    // adrp x0, page; add x0, x0, #rest; bl getenv; cbz x0
    arm64: (binary, address) =>
      findAll(binary, [
        ...[...word(0x91000000 | ((address & 0xfff) << 10)), any, any, any, 0x94],
        ...[any, any, any, 0xb4],
      ])
        .filter((at) => pageOf(binary, at - 4) === address >>> 12)
        .map((at) => at + 8 + number19(binary, at + 8) * 4),
  };

/** The page that adrp x0 names; the distance has 2 low and 19 high bits. */
function pageOf(binary: Buffer, place: number): number | undefined {
  const code = binary.readUInt32LE(place);
  const distance = (number19(binary, place) << 2) | ((code >>> 29) & 3);
  const own = addressOf(binary, place);
  return (code & 0x9f00001f) >>> 0 === 0x90000000 && own !== undefined ? (own >>> 12) + distance : undefined;
}

/**
 * JavaScriptCore touches blocks of its heap in a thread of its own before they are needed (useWarmUpMarkedBlocks): most of these a
 * call does not need, and where many calls are made at once, no processor has time for them.
 */
function disableWarmUp(binary: Buffer, arch: Arch): void {
  makeChange(binary, warmUp[arch.node], unexpected('useWarmUpMarkedBlocks'));
}

/** The default of that option, told by its neighbours. */
const warmUp: Readonly<Record<Arch['node'], Change>> = {
  // mov byte [rip+…], 1: 0; movabs rax, 0x4000000020: warmUpMarkedBlockCount 32, warmUpMarkedBlockStartAfterBlocks 64
  x64: {
    is: [0xc6, 0x05, any, any, any, any, 0x01, 0x48, 0xb8, 0x20, 0, 0, 0, 0x40, 0, 0, 0],
    from: 6,
    becomes: [0],
  },
  // str xzr, [x20, #576]; strb w23, [x20, #584]: strb wzr; strh w22, [x20, #608]
  arm64: {
    is: [0x9f, 0x22, 0x01, 0xf9, 0x97, 0x22, 0x09, 0x39, 0x96, 0xc2, 0x04, 0x79],
    from: 4,
    becomes: [0x9f],
  },
};

const unexpected = (what: string) => (count: number) =>
  `${what} is in this runtime's binary ${count} times, and not once: see scripts/build/trim-bun.ts`;
