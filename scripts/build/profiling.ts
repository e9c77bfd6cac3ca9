/**
 * Takes out of a Node binary what it does at each start for profilers that nobody attaches: V8's
 * CpuProfiler::UseDetailedSourcePositionsForProfiling walks through the whole heap, which takes longer the more of it a
 * snapshot has. Node has no switch for it. Without it, lines of a stack are reckoned when one is printed, as in browsers.
 */
import { execFileSync } from 'node:child_process';
import type { Arch } from './arch.ts';

/** v8-profiler.h, as a linker names it. */
const symbol = '_ZN2v811CpuProfiler38UseDetailedSourcePositionsForProfilingEPNS_7IsolateE';

/** How a function returns at once. */
const returns: Readonly<Record<Arch['node'], readonly number[]>> = {
  x64: [0xc3],
  arm64: [0xc0, 0x03, 0x5f, 0xd6],
};

/**
 * @param binary a copy of Node's, changed in place
 * @param nm the program nm of the binary's processor
 * @param file where the binary is from, or any copy of it
 * @throws Error where it has no such function: then another version of Node is to be looked at
 */
export function skipProfiling(binary: Buffer, arch: Arch, nm: string, file: string): void {
  const names = execFileSync(nm, ['--dynamic', '--defined-only', file], {
    encoding: 'utf8',
    maxBuffer: 1 << 27,
  });
  const address = new RegExp(`^([0-9a-f]+) T ${symbol}$`, 'm').exec(names)?.[1];
  const place = address === undefined ? undefined : offsetOf(binary, Number.parseInt(address, 16));
  if (place === undefined) throw new Error(`${symbol} is not in ${file}: see scripts/build/profiling.ts`);
  Buffer.from(returns[arch.node]).copy(binary, place);
}

/** Where an address is in a file (elf(5), program headers of 64 bits, little-endian). */
function offsetOf(binary: Buffer, address: number): number | undefined {
  const [table, size, count] = [u64(binary, 32), binary.readUInt16LE(54), binary.readUInt16LE(56)];
  for (let at = table; at < table + size * count; at += size) {
    const [offset, start, length] = [u64(binary, at + 8), u64(binary, at + 16), u64(binary, at + 32)];
    const isLoaded = binary.readUInt32LE(at) === 1;
    if (isLoaded && address >= start && address < start + length) return address - start + offset;
  }
  return undefined;
}

const u64 = (binary: Buffer, at: number): number => Number(binary.readBigUInt64LE(at));
