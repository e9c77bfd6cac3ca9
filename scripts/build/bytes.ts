/** Looking for bytes in a binary that is patched: what is not there just once may be something else. */

/** Where a sequence of bytes is; undefined among them stands for any. It begins with known ones. */
export function findAll(binary: Buffer, bytes: readonly (number | undefined)[]): readonly number[] {
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
