/** What the fields of macvlan are for. */
import { type Fields, forms } from '../../lib/cni/fields.ts';

export const fields: Fields = {
  master: { about: 'The NIC; by default the one of the default route.', ...forms.link },
  mode: 'How links of one master reach each other: bridge (directly), private (not), vepa (by the switch outside); passthru has a single link; source lets in what sourceMacs lists.',
  mtu: { about: "MTU, at most the master's; 0 leaves it to the kernel.", ...forms.mtu },
  mac: { about: 'MAC address of the interface; random by default.', ...forms.mac },
  linkInContainer: 'The master is a link in the container.',
  bcqueuelen:
    'How many frames to all may wait; the largest value on a master counts. 0 leaves it to the kernel.',
  sourceMacs: 'With mode source: the MAC addresses whose frames get in.',
  'sourceMacs[]': { about: 'A MAC address.', ...forms.mac },
  hostAccess:
    'The node and its containers reach each other, by a macvlan link of the node. Mode bridge only.',
  'hostAccess.interface': { about: "Name of the node's link; derived by default.", ...forms.link },
  'hostAccess.address': { about: "Address of the node's link, such as 192.168.1.250/32.", ...forms.cidr },
};
