/** Where an executable's bytes are in its file, and where in memory (elf(5), 64 bits, little-endian). */

interface Segment {
  readonly offset: number;
  readonly address: number;
  readonly length: number;
}

/** What of a file is in memory as it is there. */
function segmentsOf(binary: Buffer): readonly Segment[] {
  const [table, size, count] = [u64(binary, 32), binary.readUInt16LE(54), binary.readUInt16LE(56)];
  return Array.from({ length: count }, (_, index) => table + size * index)
    .filter((at) => binary.readUInt32LE(at) === 1)
    .map((at) => ({
      offset: u64(binary, at + 8),
      address: u64(binary, at + 16),
      length: u64(binary, at + 32),
    }));
}

/** @returns undefined where the file has nothing of it */
export function offsetOf(binary: Buffer, memory: number): number | undefined {
  const segment = segmentsOf(binary).find(
    ({ address, length }) => memory >= address && memory < address + length,
  );
  return segment && memory - segment.address + segment.offset;
}

/** The opposite: the address of what is at a place of the file. */
export function addressOf(binary: Buffer, place: number): number | undefined {
  const segment = segmentsOf(binary).find(({ offset, length }) => place >= offset && place < offset + length);
  return segment && place - segment.offset + segment.address;
}

const u64 = (binary: Buffer, at: number): number => Number(binary.readBigUInt64LE(at));
