/** Containers as a drawing has them: one each, whatever the number of its interfaces. */
import { type Endpoint, type Hub, type Port, titleOf } from '../model.ts';

export interface Drawn {
  readonly title: string;
  readonly ends: readonly { readonly port: Port; readonly end: Endpoint }[];
  readonly style: 'container' | 'other' | 'stale';
}

export function containersOf(hubs: readonly Hub[]): readonly Drawn[] {
  const ends = hubs.flatMap(({ ports }) =>
    ports.flatMap((port) => (port.container === undefined ? [] : [{ port, end: port.container }])),
  );
  return [...Map.groupBy(ends, keyOf).values()].map((group) => ({
    title: group.map(({ end }) => titleOf(end))[0] ?? '',
    ends: group,
    style: styleOf(group.map(({ port }) => port)),
  }));
}

/** Of those that cannot be seen, the ID alone tells. */
function keyOf({ port, end: { sandbox, id } }: Drawn['ends'][number]): unknown {
  return sandbox ?? id ?? port;
}

function styleOf(ports: readonly Port[]): Drawn['style'] {
  if (ports.every(({ stale }) => stale !== undefined)) return 'stale';
  return ports.some(({ ours }) => ours) ? 'container' : 'other';
}
