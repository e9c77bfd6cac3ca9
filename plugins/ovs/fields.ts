/** What the fields of ovs are for. */
import { type Fields, forms, trunkFields } from '../../lib/cni/fields.ts';

export const fields: Fields = {
  bridge: {
    about: "Open vSwitch bridge. br-int with ovnPort, the uplink's with deviceID, else required.",
    ...forms.link,
    pattern: `^(?!-)${forms.link.pattern.slice(1)}`,
  },
  createBridge: 'Make the bridge where it is missing.',
  portType:
    'veth: a pair, whose end on the host is the port. internal: Open vSwitch makes the link. Not with deviceID.',
  vlan: 'Access VLAN of the port; without it, or beside trunk, the port is a trunk, unless vlanMode says otherwise.',
  vlanMode: 'What vlan and trunk mean; by default access with vlan alone, else trunk.',
  trunk: 'VLANs of a trunk; by default all.',
  ...trunkFields('trunk'),
  mtu: { about: 'MTU of both ends; 0 leaves it to the kernel.', ...forms.mtu },
  mac: { about: "MAC address of the container's interface; by default made of its address.", ...forms.mac },
  ofport_request: "The port's OpenFlow number; 0 leaves it to Open vSwitch.",
  interface_type: 'Column type of the Interface row, for other datapaths.',
  deviceID: {
    about: 'PCI address of a virtual function in switchdev mode: its representor is the port.',
    ...forms.pci,
  },
  externalIds: 'Further external_ids of the Port row.',
  ingressPolicingRate: 'What the container may send, in kbit/s; 0 is no limit.',
  ingressPolicingBurst: 'How much above the rate it may send at once, in kbit.',
  socket_file: {
    about: 'The database: a path, unix:PATH, tcp:HOST:PORT or ssl:HOST:PORT.',
    pattern: '^(?:/|unix:.|tcp:.|ssl:.)\\S*$',
    default: '/run/openvswitch/db.sock',
  },
  link_state_check_retries: 'How often the port is looked at until it is up; 0 is 5.',
  link_state_check_interval: 'Milliseconds between two looks; 0 is 600.',
  configuration_path: {
    about: "Absolute path of the node's own file, for fields that it has in common.",
    ...forms.path,
  },
  'args.cni.ovnPort': "OVN's logical port: external_ids:iface-id of the interface.",
  'runtimeConfig.deviceID': { about: 'Capability deviceID: goes over deviceID.', ...forms.pci },
  'runtimeConfig.bandwidth': 'Capability bandwidth: limits of the container.',
  'runtimeConfig.bandwidth.ingressRate': 'What it may receive, in bit/s.',
  'runtimeConfig.bandwidth.ingressBurst': 'How much above that at once, in bit.',
  'runtimeConfig.bandwidth.egressRate': 'What it may send, in bit/s.',
  'runtimeConfig.bandwidth.egressBurst': 'How much above that at once, in bit.',
};
