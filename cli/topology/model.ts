/**
 * A node's network as `plumbline topology` shows it, and as `--format json` prints it: this form is kept. Members are only
 * ever added; what is not known, or does not apply, is left out.
 */

/** `no-carrier`: up, and nothing at the other end. */
export type State = 'up' | 'no-carrier' | 'down';

export interface Topology {
  /** Of this form. */
  readonly version: 1;
  readonly hubs: readonly Hub[];
  /** What plumbline has left of containers that are nowhere to be seen, and that no port stands for. */
  readonly leftovers: readonly Leftover[];
  /** What could not be looked at, and why: in sentences. */
  readonly notes: readonly string[];
}

/**
 * What interfaces of containers hang on: a Linux bridge, a bridge of Open vSwitch, a link with macvlan or ipvlan links on it,
 * a NIC with virtual functions; `node` for links that hang on nothing, such as veths to which the node routes.
 */
export type HubKind = 'bridge' | 'ovs-bridge' | 'master' | 'pf' | 'node';

/** What a link tells of itself; undefined where there is none, or where it cannot be seen. */
interface LinkFacts {
  readonly state?: State | undefined;
  readonly mac?: string | undefined;
  readonly mtu?: number | undefined;
}

export interface Hub extends LinkFacts {
  readonly kind: HubKind;
  readonly name: string;
  /** Whether a port of it is plumbline's, or a network in net.d names it. */
  readonly ours: boolean;
  /** The node's own, with their prefixes; without those of the link alone (fe80::). */
  readonly addresses: readonly string[];
  /** Of a Linux bridge: whether it tells VLANs apart. */
  readonly vlanFiltering?: boolean | undefined;
  /** Of Open vSwitch: `system` or `netdev`. */
  readonly datapath?: string | undefined;
  /** Of a NIC with virtual functions: its PCI address. */
  readonly pci?: string | undefined;
  /** The container that this link is in, for a master in a sandbox (linkInContainer). */
  readonly inside?: string | undefined;
  readonly ports: readonly Port[];
}

/** VLANs of a port, in the terms of Open vSwitch. */
export interface Vlan {
  readonly mode: 'access' | 'trunk' | 'native-tagged' | 'native-untagged';
  /** Of what comes untagged. */
  readonly tag?: number | undefined;
  /** Those that it carries: `10,20-30`; undefined for all. */
  readonly trunks?: string | undefined;
}

export interface Port extends LinkFacts {
  /** Of its link or row on the node; for a link that is in a container alone, its name there. */
  readonly name: string;
  /** veth, macvlan, ipvlan, vlan, …: the kernel's word; `internal`, `patch`, …: Open vSwitch's; `vf`; `nic` for hardware. */
  readonly kind: string;
  /** Whether plumbline has made it, by its label. */
  readonly ours: boolean;
  /** The node's own on it. */
  readonly addresses: readonly string[];
  readonly vlan?: Vlan | undefined;
  /** Mode of a macvlan or an ipvlan. */
  readonly mode?: string | undefined;
  readonly isolated?: boolean | undefined;
  readonly hairpin?: boolean | undefined;
  /** Addresses of the container that leave with the node's. */
  readonly masquerade: readonly string[];
  /** MAC addresses that may send from here; undefined where nobody checks. A VF's is checked by its NIC. */
  readonly antispoof?: readonly string[] | undefined;
  readonly container?: Endpoint | undefined;
  /** Why there is no container, though plumbline has made this for one. */
  readonly stale?: string | undefined;
}

/** An interface in a container. */
export interface Endpoint extends LinkFacts {
  /** CNI_CONTAINERID, network and interface as the label tells them; undefined for what plumbline has not made. */
  readonly id?: string | undefined;
  readonly network?: string | undefined;
  /** Namespace and name of the pod: `default/web-0`. */
  readonly pod?: string | undefined;
  /** Name of the network namespace in /run/netns, or its path elsewhere. */
  readonly netns?: string | undefined;
  /** Number of the namespace, as `ls -l /proc/PID/ns/net` shows it: the same for all interfaces of one container. */
  readonly sandbox?: number | undefined;
  /** The first process in it. */
  readonly process?: { readonly pid: number; readonly name: string } | undefined;
  readonly ifname?: string | undefined;
  /** With their prefixes; without one where a reservation alone tells it. */
  readonly addresses: readonly string[];
}

export interface Leftover {
  readonly kind: 'reservation' | 'masquerade' | 'antispoof';
  /** The address, or the port. */
  readonly what: string;
  readonly network?: string | undefined;
  readonly id?: string | undefined;
  readonly ifname?: string | undefined;
}

/** What people call a container: its pod, its namespace, its ID, its process; names of namespaces that runtimes make up tell less. */
export function titleOf({ pod, netns, id, process }: Endpoint): string {
  const isMadeUp = netns === undefined || /^(?:cni-|\/)/.test(netns);
  return (
    pod ??
    (isMadeUp ? undefined : netns) ??
    id?.slice(0, 12) ??
    (process === undefined ? undefined : `${process.name} (${process.pid})`) ??
    netns ??
    'container'
  );
}
