/** What plumbline has left of containers that are gone, and that no port stands for. */
import { identify } from '../../lib/cni/identity.ts';
import type { Label } from './label.ts';
import { readLabel } from './label.ts';
import type { Leftover } from './model.ts';
import type { View } from './view.ts';

/** None where not everything could be looked at: then nobody is known to be gone. */
export function leftoversOf(view: View): readonly Leftover[] {
  if (!view.isComplete) return [];
  const seen = marksOn(view);
  const isGone = ({ label }: { readonly label: Label }): boolean => !seen.has(label.mark);
  const { masquerade, guards } = view.rules;
  return [
    ...reservationsLeft(view, seen),
    ...masquerade
      .filter(isGone)
      .map(({ label, address }): Leftover => ({ kind: 'masquerade', what: address, ...ownerOf(label) })),
    ...guards
      .filter(isGone)
      .map(({ label, port }): Leftover => ({ kind: 'antispoof', what: port, ...ownerOf(label) })),
  ];
}

const ownerOf = ({ network, id, ifname }: Label): Omit<Leftover, 'kind' | 'what'> => ({
  network,
  id,
  ifname,
});

/** Marks of all attachments of which something is there, alive or stale. */
function marksOn({ links, inside, ovs, pfs }: View): ReadonlySet<string> {
  const rows = ovs.flatMap(({ ports }) => ports.flatMap(({ ids }) => ids['attachment'] ?? []));
  const held = pfs.flatMap(({ vfs }) =>
    vfs.flatMap(({ container }) =>
      container === undefined ? [] : identify({ ...container, containerId: container.id }).mark,
    ),
  );
  const labels = [...links.map(({ alias }) => readLabel(alias)), ...inside.map(({ label }) => label)];
  return new Set([...rows, ...held, ...labels.flatMap((label) => label?.mark ?? [])]);
}

/** Containers of other projects' plugins have no label, but the address. */
function reservationsLeft({ reservations, inside }: View, seen: ReadonlySet<string>): readonly Leftover[] {
  const used = new Set(
    inside.flatMap(({ link }) => link.addresses.map((address) => address.replace(/\/.*/, ''))),
  );
  return reservations
    .filter(({ mayBeUnseen, address }) => !mayBeUnseen && !used.has(address))
    .filter(
      ({ network, id, ifname = 'eth0' }) => !seen.has(identify({ network, containerId: id, ifname }).mark),
    )
    .map(({ network, address, id, ifname }) => ({ kind: 'reservation', what: address, network, id, ifname }));
}
