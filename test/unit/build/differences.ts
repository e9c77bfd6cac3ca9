/** Where two versions of a binary differ, byte by byte. */
export function differences(before: Buffer, after: Buffer): readonly number[] {
  const places: number[] = [];
  for (let index = 0; index < before.length; index += 1)
    if (before[index] !== after[index]) places.push(index);
  return places;
}
