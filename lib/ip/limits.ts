/** Which limits of bandwidth are in force on a link (tc(8)). */
import type { Host } from '../exec/host.ts';
import { ipBatch } from './batch.ts';

export interface Limits {
  /** What leaves the link is shaped. */
  readonly shaped: boolean;
  /** What enters it is policed. */
  readonly policed: boolean;
}

export async function limitsOf(host: Host, device: string): Promise<Limits> {
  const [qdiscs, filters] = await ipBatch(
    host,
    [
      ['qdisc', 'show', 'dev', device],
      ['filter', 'show', 'dev', device, 'ingress'],
    ],
    { program: 'tc' },
  );
  const isShaper = (qdisc: unknown): boolean =>
    typeof qdisc === 'object' && qdisc !== null && 'kind' in qdisc && qdisc.kind === 'htb';
  return {
    shaped: Array.isArray(qdiscs) && qdiscs.some(isShaper),
    policed: Array.isArray(filters) && filters.length > 0,
  };
}
