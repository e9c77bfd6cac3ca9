/** What the fields of ipvlan are for. */
import { type Fields, forms } from '../../lib/cni/fields.ts';

export const fields: Fields = {
  master: {
    about:
      "The NIC; by default the one of the default route, and in a chain the earlier plugins' one interface.",
    ...forms.link,
  },
  mode: "What the master looks at: l2 (frames), l3 (packets; no neighbours, no gateway), l3s (l3, by the node's firewall). All networks of a master have one mode.",
  flag: 'How links of one master reach each other: bridge (directly), private (not), vepa (by the switch outside).',
  mtu: { about: "MTU, at most the master's; 0 leaves it to the kernel.", ...forms.mtu },
  mac: { about: "Not to be had: the link has its master's MAC address.", deprecated: true },
  linkInContainer: 'The master is a link in the container.',
};
