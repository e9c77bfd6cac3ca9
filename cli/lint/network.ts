/** What a file says, as far as it can be read: for what concerns several networks of one node. */

import type { RangeSet } from '../../ipam/host-local/pool.ts';
import type { JsonObject } from '../../lib/cni/json.ts';
import type { Path, Source } from '../network/source.ts';

export interface PlacedRanges {
  readonly set: RangeSet;
  /** Path of the set in the file; its ranges are the items of that list, or the object itself in the old form. */
  readonly path: Path;
  readonly isOldForm: boolean;
}

/** One plugin of a network. */
export interface Member {
  readonly type: string;
  /** Name of our plugin that answers to the type. */
  readonly plugin: string | undefined;
  readonly ipamType: string | undefined;
  /** Path in the file; empty where the file is one plugin's. */
  readonly at: Path;
  /** As written. */
  readonly written: JsonObject;
  /** As the plugin reads it; undefined where it refuses it. */
  readonly config: Readonly<Record<string, unknown>> | undefined;
  /** host-local's, where it could read them. */
  readonly ranges: readonly PlacedRanges[];
  /** host-local's folder. */
  readonly dataDir: string | undefined;
}

export interface Network {
  readonly source: Source;
  readonly name: string;
  readonly members: readonly Member[];
}
