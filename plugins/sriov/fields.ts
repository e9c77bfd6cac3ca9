/** What the fields of sriov are for. */
import { type Fields, forms } from '../../lib/cni/fields.ts';

export const fields: Fields = {
  deviceID: {
    about: "PCI address of a virtual function; Kubernetes' device plugin gives it. This or master.",
    ...forms.pci,
  },
  master: 'The NIC, by name or PCI address: the first of its functions that is free is taken.',
  numVfs: 'With master: functions are made where the NIC has none; another number that is there is an error.',
  vlan: 'VLAN in which the NIC puts the container; 0 takes a VLAN off the function. As it is by default.',
  vlanQoS: 'Priority in the tag; needs vlan.',
  vlanProto: {
    about: 'Protocol of the tag: 802.1q, or 802.1ad, which needs vlan.',
    pattern: '^802\\.1([qQ]|[aA][dD])$',
  },
  mtu: { about: 'MTU of the link; 0 leaves it as it is.', ...forms.mtu },
  mac: { about: 'MAC address, of the link and set by the NIC. As it is by default.', ...forms.mac },
  spoofchk: 'Drop frames with another source MAC address. As it is by default.',
  trust:
    'Let the container change its MAC address, be promiscuous, and join all multicast. As it is by default.',
  link_state: "State of the function's link: the NIC's (auto), or always up (enable) or down (disable).",
  min_tx_rate: 'Guaranteed rate, in Mbit/s; 0 is none.',
  max_tx_rate: 'Highest rate, in Mbit/s; 0 is no limit.',
  keepName: 'The link keeps its name in the container.',
  'runtimeConfig.deviceID': { about: 'Capability deviceID: goes over deviceID.', ...forms.pci },
};
