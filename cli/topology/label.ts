/** Labels of what plumbline has made, read back: whose a link, an element or a row is. */
import { identify } from '../../lib/cni/identity.ts';

export interface Label {
  /** By which things of one attachment are told from all others' (lib/cni/identity.ts). */
  readonly mark: string;
  /** The readable part; undefined where it was cut, or does not belong to the mark. */
  readonly network?: string | undefined;
  readonly id?: string | undefined;
  readonly ifname?: string | undefined;
}

const form = /^(plumbline:[0-9a-f]{16}-[0-9a-f]{16}):(.*)$/s;

/** @returns undefined for what is no label of an attachment */
export function readLabel(text: string | undefined): Label | undefined {
  const [, mark, readable = ''] = form.exec(text ?? '') ?? [];
  if (mark === undefined) return undefined;
  const [network = '', id = '', ifname = '', ...more] = readable.split('/');
  // Anybody can write anything behind a mark.
  const isTrue = more.length === 0 && identify({ network, containerId: id, ifname }).mark === mark;
  return isTrue ? { mark, network, id, ifname } : { mark };
}

/** The label of the node's own interface to its macvlan containers (hostAccess). */
export const isHostAccess = (text: string | undefined): boolean =>
  text?.startsWith('plumbline:host-access:') ?? false;
