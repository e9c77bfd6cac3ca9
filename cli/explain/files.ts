/** Changes of the plugins' own files as steps, and what each file is for. */
import { basename } from 'node:path';
import { ipVersion } from '../../lib/net/ip-version.ts';
import type { Change } from './scratch.ts';
import type { Step } from './step.ts';
import type { Text } from './text.ts';

export function stepOf(
  { kind, path, content, mode, mtime, isNew }: Change,
  late: (text: string) => Text,
): Step {
  switch (kind) {
    case 'folder':
      return { kind, why: 'folders for files of the plugins', paths: [late(path)], mode };
    case 'remove-folder':
      return { kind, why: 'the folder is empty by now', path: late(path) };
    case 'remove':
      return { kind, why: `${purposeOf(path, '')}: taken away`, path: late(path) };
    case 'write':
      return {
        kind,
        why: purposeOf(path, content),
        path: late(path),
        content,
        mode,
        ...(mtime === markedTime ? { time: mtime / 1000 } : {}),
        // Two calls may have been told the same address; the one that comes second fails here.
        exclusive: isNew && isReservation(path),
      };
  }
}

/** host-local's own files of the last address have a time that no clock shows. */
const markedTime = 1000;

const isReservation = (path: string): boolean => ipVersion(basename(path)) !== 0;

/** By place: what stands below the plugins' folders, each with its purpose. */
const purposes: readonly (readonly [RegExp, string])[] = [
  [/\/\.plumbline\/[^/]+\/boot\.[0-9a-f]+$/, 'what an earlier boot had reserved has been looked through'],
  [/\/\.plumbline\/[^/]+\/indexed$/, 'all reservations are known to be in the index'],
  [
    /\/\.plumbline\/[^/]+\/[0-9a-f]{32}$/,
    "the container's entry in the index of reservations, by which DEL finds its addresses",
  ],
  [/\/gateways\//, 'the note that the address of the bridge is one that plumbline has set'],
  [/\/uplinks\//, 'the note which NIC is the uplink of the bridge, for "plumbline release-uplink"'],
  [/\/rules\//, "the note which nft elements are the container's, by which DEL finds them"],
  [/\/host-access\//, "the note that the node's own way leads to this container"],
  [/\/ipvlan\//, 'the note of mode and flag that the master is used with'],
  [
    /\/plumbline\/sriov\/[^/]+\.json$/,
    'what the virtual function was before, and who has it: by that DEL restores it',
  ],
  [/\/sriov\//, 'the mark of a virtual function that has no link to carry one'],
];

function purposeOf(path: string, content: string): string {
  const name = basename(path);
  if (isReservation(path)) {
    const [holder = '', ifname = ''] = content.split('\r\n');
    const whose = content === '' ? '' : ` is reserved for ${ifname} of container ${holder}`;
    return `the address ${name}${whose}`;
  }
  const last = /^last_reserved_ip\.(\d+)$/.exec(name)?.[1];
  if (last !== undefined)
    return `the address that range set ${last} gave last; the next call begins behind it`;
  return purposes.find(([pattern]) => pattern.test(path))?.[1] ?? 'a file of the plugins';
}
