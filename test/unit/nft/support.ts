/** A host whose nft answers what a test tells it to. */
import { commentOf, identify } from '../../../lib/cni/identity.ts';
import type { RunResult } from '../../../lib/exec/runner.ts';
import { type Cidr, parseCidr } from '../../../lib/net/address.ts';
import type { Owner } from '../../../lib/nft/masquerade.ts';
import { type RecordedRun, type RecordingHost, recordingHost } from '../../support/recording-host.ts';

export const cidr = (text: string): Cidr => {
  const parsed = parseCidr(text);
  if (parsed === undefined) throw new Error(`${text} is no CIDR`);
  return parsed;
};

export function ownerOf(containerId: string, network = 'pods'): Owner {
  const identity = identify({ network, containerId, ifname: 'eth0' });
  return { network, key: identity.key, comment: commentOf(identity) };
}

/** What nft says when something is there already, or is not. */
export const exists = {
  status: 1,
  stderr: '/proc/7/fd/9:1:1-80: Error: Could not process rule: File exists\ncreate element …\n^^^\n',
};
export const missing = { status: 1, stderr: 'Error: No such file or directory\n' };

/** Elements as `nft -j list set` shows them, by the set's name. */
export type Sets = Readonly<Record<string, readonly unknown[]>>;

export interface NftHost extends RecordingHost {
  /** The transactions so far, each as its lines. */
  transactions(): readonly (readonly string[])[];
}

/**
 * @param verdicts of the transactions, one after the other; after the last one all go through
 * @param sets what the sets hold
 */
export function nftHost(verdicts: readonly Partial<RunResult>[] = [], sets: Sets = {}): NftHost {
  const left = [...verdicts];
  const isTransaction = ({ options }: RecordedRun): boolean => options.input !== undefined;
  const host = recordingHost({
    answer(run) {
      if (isTransaction(run)) return left.shift() ?? {};
      const name = String(run.args.at(-1));
      if (!run.args.includes('list') || !(name in sets)) return undefined;
      return {
        stdout: JSON.stringify({ nftables: [{ metainfo: {} }, { set: { name, elem: sets[name] } }] }),
      };
    },
  });
  return {
    ...host,
    transactions: () => {
      // Every line is one that the grammar knows.
      host.typedRuns();
      return host.runs
        .filter(isTransaction)
        .map(({ options: { input = '' } }) => input.trimEnd().split('\n'));
    },
  };
}

export const owned = (address: string, owner: Owner): unknown => ({
  elem: { val: { concat: [address, owner.key] }, comment: owner.comment },
});
export const guarded = (port: string, comment: string): unknown => ({ elem: { val: port, comment } });
export const allowed = (port: string, mac: string, comment: string): unknown => ({
  elem: { val: { concat: [port, mac] }, comment },
});
