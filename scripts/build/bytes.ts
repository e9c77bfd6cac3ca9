/** Looking for bytes in a binary that is patched: what is not there just once may be something else. */

/** A byte, or any. */
export type Pattern = readonly (number | undefined)[];
export const any = undefined;

/** Bytes that are there, and those that take their place from one of them on. */
export interface Change {
  readonly is: Pattern;
  readonly becomes: readonly number[];
  readonly from?: number;
}

/** Where a sequence of bytes is. It begins with known ones. */
export function findAll(binary: Buffer, bytes: Pattern): readonly number[] {
  const unknown = bytes.indexOf(undefined);
  const start = Buffer.from((unknown === -1 ? bytes : bytes.slice(0, unknown)).map((byte) => byte ?? 0));
  const places: number[] = [];
  for (let at = binary.indexOf(start); at !== -1; at = binary.indexOf(start, at + 1)) {
    if (bytes.every((byte, index) => byte === undefined || binary[at + index] === byte)) places.push(at);
  }
  return places;
}

/**
 * @param explain the message where there is none, or more than one
 * @throws Error with that message
 */
export function theOnly(places: readonly number[], explain: (count: number) => string): number {
  const [place, ...others] = places;
  if (place === undefined || others.length > 0) throw new Error(explain(places.length));
  return place;
}

/**
 * @param binary  changed in place; a part of one, where it is to be there
 * @param explain as for {@link theOnly}
 */
export function makeChange(
  binary: Buffer,
  { is, becomes, from = 0 }: Change,
  explain: (count: number) => string,
): void {
  Buffer.from(becomes).copy(binary, theOnly(findAll(binary, is), explain) + from);
}

/** The bytes of a word, the lowest first: an address, or an instruction of arm64. */
export function word(value: number): readonly number[] {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return [...bytes];
}

/** Of an instruction of arm64 that has a signed number in its bits 5 to 23: a branch's distance in words. */
export const number19 = (binary: Buffer, place: number): number => (binary.readInt32LE(place) << 8) >> 13;
