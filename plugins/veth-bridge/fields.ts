/** What the fields of veth-bridge are for. */
import { type Fields, forms, trunkFields } from '../../lib/cni/fields.ts';

export const fields: Fields = {
  bridge: { about: 'Linux bridge; made where it is missing.', ...forms.link },
  isGateway: "Put the gateway's address on the bridge, and turn forwarding on.",
  isDefaultGateway:
    'As isGateway, and with a default route in the container for each family of its addresses.',
  forceAddress:
    'Replace a gateway address that is in the way, instead of an error; only addresses that plumbline has set are removed.',
  ipMasq: "Masquerade what leaves the network's subnet.",
  ipMasqBackend: 'What masquerades.',
  mtu: { about: 'MTU of both ends and of a new bridge; 0 leaves it to the kernel.', ...forms.mtu },
  hairpinMode: 'A frame may leave by the port that it came in by. Excludes promiscMode.',
  promiscMode: 'The bridge is promiscuous. Excludes hairpinMode.',
  vlan: 'Access VLAN of the port; turns VLAN filtering on. With a gateway, its address sits on <bridge>.<vlan>. 0 is none.',
  vlanTrunk: "Tagged VLANs of the port; turns VLAN filtering on. Without vlan, untagged frames are VLAN 1's.",
  ...trunkFields('vlanTrunk'),
  preserveDefaultVlan: "Leave the port in the bridge's default VLAN, beside vlan.",
  macspoofchk: "Let only frames in that come from the interface's own MAC address.",
  portIsolation: 'Isolated ports of a bridge do not reach each other, only the gateway and the uplink.',
  enabledad:
    'Wait until IPv6 has found no duplicate of the addresses (5 s at most); a duplicate is an error.',
  disableContainerInterface: "Leave the container's end down. Excludes ipam.",
  mac: { about: "MAC address of the container's end; random by default.", ...forms.mac },
  hostInterfaceName: { about: "Name of the host's end; derived by default.", ...forms.link },
  uplink: 'A NIC of the host that becomes a port of the bridge.',
  'uplink.device': { about: 'Name of the NIC.', ...forms.link },
  'uplink.migrateAddresses': "Move the NIC's addresses and routes to the bridge.",
};
