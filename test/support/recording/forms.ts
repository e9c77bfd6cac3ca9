/** Every form of a line that plumbline may send to ip, bridge, nft or iptables-restore. */
import { antiSpoofBase } from '../../../lib/nft/antispoof.ts';
import { masqueradeBase } from '../../../lib/nft/masquerade.ts';
import { createGrammar } from './grammar.ts';
import { rules } from './words.ts';

export const addVeth =
  'link add name <name> address <mac> [mtu <mtu:number>] [master <master:name>] type veth ' +
  'peer name <peer:name> address <peermac:mac> [mtu <peermtu:number>] netns <sandbox>';
export const addBridge =
  'link add name <name> address <mac> [mtu <mtu:number>] type bridge [vlan_filtering 1]';
export const addVlan = 'link add link <link:name> name <name> address <mac> type vlan id <id:vlan>';
export const addMacvlan =
  'link add link <link:name> name <name> [address <mac>] [mtu <mtu:number>] type macvlan mode <word> ' +
  '[bcqueuelen <length:number>]';
export const addIpvlan =
  'link add link <link:name> name <name> [mtu <mtu:number>] type ipvlan mode <layer> <flag:word>';
export const moveAs = 'link set dev <name> netns <sandbox> name <as:name>';
export const moveOnly = 'link set dev <name> netns <sandbox>';
export const addName = 'link property add dev <name> altname <as:name>';
export const renameLink = 'link set dev <name> name <as:name>';
export const addAddress = 'address add <cidr> [broadcast +] dev <name> [nodad]';
export const replaceAddress = 'address replace <cidr> [broadcast +] dev <name> [nodad]';
export const appendRoute =
  'route append <cidr> [via <address>] dev <name> [metric <metric:number>] [table <table:number>] ' +
  '[scope <scope:number>] [mtu <mtu:number>] [advmss <advmss:number>]';
export const getRoute = 'route get fibmatch <address>';
export const replaceRoute =
  'route replace <destination> [via <address>] dev <name> [proto <word>] [metric <metric:number>] ' +
  '[table <table:word>] [src <source:address>] [onlink]';

export const ipGrammar = createGrammar(
  [
    addVeth,
    addBridge,
    addVlan,
    addMacvlan,
    addIpvlan,
    // What kind of link the kernel does not know: refused in any case.
    'link add name plumbline-probe type macvlan',
    'link add name plumbline-probe type ipvlan',
    moveAs,
    moveOnly,
    addName,
    renameLink,
    'link set dev <name> type macvlan macaddr set <mac>',
    'link delete dev <name>',
    'link set dev <name> up',
    'link set dev <name> down',
    'link set dev <name> mtu <mtu:number>',
    'link set dev <name> alias <alias>',
    'link set dev <name> address <mac>',
    'link set dev <name> master <master:name>',
    'link set dev <name> nomaster',
    'link set dev <name> promisc on',
    'link set dev <name> type bridge vlan_filtering 1',
    'link set dev <name> type bridge_slave hairpin on [isolated on]',
    'link set dev <name> type bridge_slave isolated on',
    'link show master <name>',
    'link show type veth',
    addAddress,
    replaceAddress,
    'address replace <cidr> dev <name> [broadcast <address>] [scope <word>] [nodad] [noprefixroute] ' +
      'valid_lft <lifetime> preferred_lft <preferred:lifetime>',
    'address delete <cidr> dev <name>',
    'address show dev <name>',
    appendRoute,
    replaceRoute,
    'route delete <cidr> dev <name>',
    getRoute,
    'route show table all dev <name>',
    'route show table all root ::/0 dev <name>',
    'route show table all',
    'route show table all root ::/0',
  ],
  rules,
);

export const bridgeGrammar = createGrammar(
  [
    'vlan add dev <name> vid <vlan> self',
    'vlan add dev <name> vid <vlan> pvid untagged',
    'vlan add dev <name> vid <vlans>',
    'vlan delete dev <name> vid <vlan>',
  ],
  rules,
);

export const showQdiscs = 'qdisc show dev <name>';
export const showPolicing = 'filter show dev <name> ingress';
export const tcGrammar = createGrammar([showQdiscs, showPolicing], rules);

const declarations = [...masqueradeBase, ...antiSpoofBase];

export const nftGrammar = createGrammar(
  [
    ...declarations,
    'add chain inet plumbline <chain> { comment <text> ; }',
    'flush chain inet plumbline <chain>',
    'add rule inet plumbline <chain> ip daddr { <cidr4> , 224.0.0.0/4 } return',
    'add rule inet plumbline <chain> ip6 daddr { <cidr6> , ff00::/8 } return',
    'add rule inet plumbline <chain> masquerade',
    // Asked about alone, by CHECK.
    'add rule inet plumbline <chain> index 1 accept',
    'add rule inet plumbline postrouting index 1 accept',
    'add rule bridge plumbline prerouting index 0 accept',
    'create element inet plumbline owners4 { <address4> . <key> comment <label> }',
    'create element inet plumbline owners6 { <address6> . <key> comment <label> }',
    'create element inet plumbline sources4 { <address4> comment <label> : goto <chain> }',
    'create element inet plumbline sources6 { <address6> comment <label> : goto <chain> }',
    'delete element inet plumbline owners4 { <address4> . <key> }',
    'delete element inet plumbline owners6 { <address6> . <key> }',
    'delete element inet plumbline sources4 { <address4> }',
    'delete element inet plumbline sources6 { <address6> }',
    'create element bridge plumbline guarded { <quotedname> comment <label> }',
    'create element bridge plumbline allowed { <quotedname> . <mac> comment <label> }',
    'delete element bridge plumbline guarded { <quotedname> }',
    'delete element bridge plumbline allowed { <quotedname> . <mac> }',
    // The reference plugins' own rules.
    'delete rule inet cni_plugins_masquerade masq_checks handle <number>',
    'delete rule bridge nat PREROUTING handle <number>',
    'delete chain bridge nat handle <number>',
  ],
  rules,
);

export const iptablesGrammar = createGrammar(
  [
    '*nat',
    '<declared> - <counters>',
    '-A <iptchain> -d <cidr> -m comment --comment <label> -j RETURN',
    '-A <iptchain> ! -d 224.0.0.0/4 -m comment --comment <label> -j MASQUERADE',
    '-A <iptchain> ! -d ff00::/8 -m comment --comment <label> -j MASQUERADE',
    '-A POSTROUTING -s <cidr> -m comment --comment <label> -j <iptchain>',
    '-D POSTROUTING -s <cidr> -m comment --comment <text> -j <iptchain>',
    '-F <iptchain>',
    '-X <iptchain>',
    'COMMIT',
  ],
  rules,
);
