/** Where a plugin's config is, and how what is found in it is told. */
import type { Node } from 'jsonc-parser';
import type { SpecVersion } from '../../lib/cni/version.ts';
import type { Path, Source } from '../network/source.ts';
import type { Level } from './finding.ts';
import type { KeyFault } from './keys.ts';

/** Where a plugin's config is, and what the runtime will add to it. */
export interface Place {
  readonly source: Source;
  readonly node: Node;
  readonly at: Path;
  readonly network: string;
  readonly version: SpecVersion;
  /** Whether another plugin of the chain comes before it. */
  readonly isChained: boolean;
  /** Whether it is in a list, which has keys of its own. */
  readonly isInList: boolean;
  report(node: Node, path: Path, level: Level, message: string): void;
}

/** Reports faults of keys, each at its own place. */
export function reportKeys({ report }: Place, faults: readonly KeyFault[]): void {
  for (const { node, path, level, message } of faults) report(node, path, level, message);
}
