/** What a node's parts say of themselves, before it is put together. */
import type { ExternalIds } from '../../lib/ovs/port.ts';
import type { PfReport } from '../vfs/report.ts';
import type { Label } from './label.ts';
import type { State, Vlan } from './model.ts';

/** A link of the node, or of a namespace. */
export interface Link {
  readonly index: number;
  readonly name: string;
  readonly kind: string | undefined;
  readonly state: State;
  readonly mtu: number;
  readonly mac: string | undefined;
  readonly alias: string | undefined;
  readonly master: string | undefined;
  /** Name of the other end, or of the link that it is on, where that is in the same namespace. */
  readonly lower: string | undefined;
  /** Its index, where it is in another one. */
  readonly lowerIndex: number | undefined;
  /** Number of that other namespace, in this one. */
  readonly lowerNetns: number | undefined;
  /** PCI address. */
  readonly device: string | undefined;
  /** Mode of a macvlan or an ipvlan. */
  readonly mode: string | undefined;
  /** Of a VLAN link. */
  readonly tag: number | undefined;
  /** Of a bridge. */
  readonly vlanFiltering: boolean;
  /** Of a bridge's port. */
  readonly isolated: boolean;
  readonly hairpin: boolean;
  readonly addresses: readonly string[];
}

/** A network namespace other than the node's. */
export interface Namespace {
  readonly inode: number;
  /** Where it is mounted. */
  readonly paths: readonly string[];
  /** The first process in it. */
  readonly process: { readonly pid: number; readonly name: string } | undefined;
  /** The node's number for it: what the links of the node call it. */
  readonly number: number | undefined;
  /** Its number for the node: what its links call the node. Each namespace has numbers of its own. */
  readonly numberOfNode: number | undefined;
  /** Its links; undefined where it could not be entered. */
  readonly links: readonly Link[] | undefined;
}

export interface RuleFacts {
  readonly masquerade: readonly { readonly label: Label; readonly address: string }[];
  readonly guards: readonly {
    readonly label: Label;
    readonly port: string;
    readonly macs: readonly string[];
  }[];
}

export interface OvsPort {
  readonly name: string;
  /** Column type of its interface; empty for a link of the system. */
  readonly type: string;
  readonly vlan: Vlan | undefined;
  readonly ids: ExternalIds;
  /** Plumbline's, and what it stands for is gone: why. */
  readonly dead: string | undefined;
}

export interface OvsBridge {
  readonly name: string;
  readonly datapath: string;
  readonly ports: readonly OvsPort[];
}

/** One reserved address. */
export interface Reservation {
  readonly network: string;
  readonly address: string;
  readonly id: string;
  /** An old plugin's file has none. */
  readonly ifname: string | undefined;
  /** An ADD that is under way reserves before its links are there; and what another machine has is not for this one to judge. */
  readonly mayBeUnseen: boolean;
}

/** What networks in net.d want of the node. */
export interface Wanted {
  readonly bridges: readonly string[];
  readonly ovsBridges: readonly string[];
  readonly masters: readonly string[];
}

export interface Facts {
  readonly links: readonly Link[];
  /** VLANs of bridge ports, by name. */
  readonly vlans: ReadonlyMap<string, Vlan>;
  readonly namespaces: readonly Namespace[];
  readonly rules: RuleFacts;
  readonly ovs: readonly OvsBridge[];
  readonly pfs: readonly PfReport[];
  readonly reservations: readonly Reservation[];
  /** Pods by container ID: `default/web-0`. */
  readonly pods: ReadonlyMap<string, string>;
  readonly wanted: Wanted;
  /** Whether all namespaces could be looked at: only then is what is not seen not there. */
  readonly isComplete: boolean;
  readonly notes: readonly string[];
}
