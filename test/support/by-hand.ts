/**
 * The same wirings as the plugins', made as a person would make them: link, addresses and routes, and nothing else.
 * What is measured against them, or must look like them, gets them from here.
 */

export const handMade = [
  'veth-bridge',
  'veth-bridge-masqueraded',
  'macvlan',
  'ipvlan',
  'ovs-veth',
  'ovs-internal',
  'sriov',
] as const;
export type HandMade = (typeof handMade)[number];

export interface HandMadeLink {
  /** Of its link or port on the node; also where the container's link is made before it moves. */
  readonly name: string;
  /** Path of the container's namespace; what the link is called in there tells {@link nameInside}. */
  readonly netns: string;
  /** With its prefix. */
  readonly address: string;
  readonly gateway: string;
  /** The bridge that it is a port of, or the NIC that it hangs on, or is a function of. */
  readonly trunk: string;
  /** How ovs-vsctl reaches the database. */
  readonly database?: string;
}

type Scripts = Readonly<Record<'ADD' | 'DEL', string>>;

// Arguments: 1 name, 2 netns, 3 address, 4 gateway, 5 trunk, 6 database.
const addressScript = (device = 'eth0'): string => `
exec nsenter --net="$2" ip -batch - <<END
address add $3 broadcast + dev ${device}
link set dev ${device} up
route add default via $4
END
`;

/** Made under a name of the node's and moved, as older kernels want it where the node has an eth0, too. */
const childScripts = (kind: string): Scripts => ({
  ADD: `
ip -batch - <<END
link add name "$1" link "$5" type ${kind}
link set dev "$1" netns $2 name eth0
END
${addressScript()}`,
  DEL: 'exec nsenter --net="$2" ip link delete dev eth0',
});

const vethScripts: Scripts = {
  ADD: `
ip -batch - <<END
link add name "$1" master "$5" type veth peer name eth0 netns $2
link set dev "$1" up
END
${addressScript()}`,
  DEL: 'exec ip link delete dev "$1"',
};

/** A set of addresses, and the one rule that masquerades them: {@link masqueradeByHand} makes both. */
const masqueradedElement = (verb: 'add' | 'delete'): string => `
nft -f - <<END
${verb} element inet by-hand masqueraded { \${3%/*} }
END
`;

/** What `veth-bridge-masqueraded` needs of a node before its first container. */
export const masqueradeByHand = (subnet: string): string => `
nft -f - <<END
table inet by-hand {
  set masqueraded { type ipv4_addr; }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ip saddr @masqueraded ip daddr != ${subnet} masquerade
  }
}
END
`;

const scripts: Readonly<Record<HandMade, Scripts>> = {
  'veth-bridge': vethScripts,
  'veth-bridge-masqueraded': {
    ADD: `${masqueradedElement('add')}${vethScripts.ADD}`,
    DEL: `${masqueradedElement('delete')}${vethScripts.DEL}`,
  },
  macvlan: childScripts('macvlan mode bridge'),
  ipvlan: childScripts('ipvlan mode l2 bridge'),
  'ovs-veth': {
    ADD: `
ip -batch - <<END
link add name "$1" type veth peer name eth0 netns $2
link set dev "$1" up
END
ovs-vsctl --db="$6" add-port "$5" "$1"
${addressScript()}`,
    DEL: 'ovs-vsctl --db="$6" del-port "$5" "$1"; exec ip link delete dev "$1"',
  },
  // ovs-vsctl comes back once ovs-vswitchd has made the link. It keeps its name: the kernel's datapath knows a port by its
  // link's name, and ovs-vswitchd takes a port of another name away, and makes the one that is missing anew.
  'ovs-internal': {
    ADD: `
ovs-vsctl --db="$6" add-port "$5" "$1" -- set Interface "$1" type=internal
ip link set dev "$1" netns "$2"
${addressScript('$1')}`,
    DEL: 'exec ovs-vsctl --db="$6" del-port "$5" "$1"',
  },
  // The name is that of a virtual function, which is there before and after.
  sriov: {
    ADD: `
ip link set dev "$1" netns "$2" name eth0
${addressScript()}`,
    DEL: `
nsenter --net="$2" ip -batch - <<END
link set dev eth0 down
link set dev eth0 netns /proc/$$/ns/net name $1
END
`,
  },
};

/** What the container's link is called in there. */
export const nameInside = (wiring: HandMade, { name }: Pick<HandMadeLink, 'name'>): string =>
  wiring === 'ovs-internal' ? name : 'eth0';

/** The command line, for the node. */
export function byHand(
  command: 'ADD' | 'DEL',
  wiring: HandMade,
  { name, netns, address, gateway, trunk, database = '' }: HandMadeLink,
): readonly string[] {
  const script = scripts[wiring][command];
  return ['/bin/sh', '-ec', script, 'sh', name, netns, address, gateway, trunk, database];
}
