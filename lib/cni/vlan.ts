/** Lists of VLANs as configs write them: `[{ "id": 10 }, { "minID": 100, "maxID": 199 }]`. */
import * as z from '#zod';

interface Ends {
  readonly minID?: number | undefined;
  readonly maxID?: number | undefined;
}

export const hasBothEnds = ({ minID, maxID }: Ends): boolean =>
  (minID === undefined) === (maxID === undefined);
export const isInOrder = ({ minID = 1, maxID = 4094 }: Ends): boolean => minID <= maxID;

/** @param least VLAN that may be in the list: 1, or 0 where untagged frames are one of its members */
export function trunkSchema(least: 0 | 1) {
  const vlanId = z.optional(z.int().check(z.gte(least), z.lte(4094)));
  return z.array(
    z
      .object({ id: vlanId, minID: vlanId, maxID: vlanId })
      .check(
        z.refine(hasBothEnds, { error: 'minID and maxID together' }),
        z.refine(isInOrder, { error: 'minID no larger than maxID' }),
      ),
  );
}

export type Trunk = z.infer<ReturnType<typeof trunkSchema>>;

/** The VLANs of a list, without repeats, in order. */
export function vlansOf(trunk: Trunk): number[] {
  const vlans = new Set<number>();
  for (const { id, minID, maxID } of trunk) {
    if (id !== undefined) vlans.add(id);
    if (minID === undefined || maxID === undefined) continue;
    for (let vlan = minID; vlan <= maxID; vlan += 1) vlans.add(vlan);
  }
  return [...vlans].sort((a, b) => a - b);
}
