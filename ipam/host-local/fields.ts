/** What the fields of host-local are for. */
import { type Fields, forms } from '../../lib/cni/fields.ts';

const rangeFields = (at: string): Fields => ({
  [`${at}subnet`]: {
    about: 'Network with its prefix length, without host bits; /31, /32, /127 and /128 are too small.',
    ...forms.cidr,
  },
  [`${at}rangeStart`]: { about: "First address to give; by default the subnet's second.", ...forms.address },
  [`${at}rangeEnd`]: {
    about: 'Last address to give; by default the last that hosts may have.',
    ...forms.address,
  },
  [`${at}gateway`]: {
    about: "Gateway, which is never given; by default the subnet's second address.",
    ...forms.address,
  },
});

export const fields: Fields = {
  ...rangeFields('ipam.'),
  'ipam.ranges': 'Range sets; a container gets one address out of each.',
  'ipam.ranges[]': { about: 'Ranges of one family, that do not overlap.', minItems: 1 },
  'ipam.ranges[][]': 'A range of addresses.',
  ...rangeFields('ipam.ranges[][].'),
  'ipam.routes': 'Routes of the container.',
  'ipam.routes[]': 'A route.',
  'ipam.routes[].dst': { about: 'Destination, such as 0.0.0.0/0.', ...forms.cidr },
  'ipam.routes[].gw': { about: "Gateway; by default the range's.", ...forms.address },
  'ipam.routes[].mtu': 'MTU along the route.',
  'ipam.routes[].advmss': 'Segment size that TCP advertises.',
  'ipam.routes[].priority': 'Metric; the smaller comes first.',
  'ipam.routes[].table': 'Routing table.',
  'ipam.routes[].scope': 'Scope: 0 global, 253 link, 254 host.',
  'ipam.resolvConf': 'A file in the form of resolv.conf(5) that becomes the DNS of the result.',
  'ipam.dataDir': {
    about: 'Absolute path of the folder of the reservations.',
    ...forms.path,
    default: '/var/lib/cni/networks',
  },
  'ipam.reclaimOnReboot': 'Take back what an earlier boot of this machine has reserved.',
  'ipam.reclaimForeign': 'Take back also what the reference plugin had reserved before this boot.',
  'runtimeConfig.ipRanges': 'Capability ipRanges: range sets that come before those of the config.',
  'runtimeConfig.ipRanges[]': { about: 'Ranges of one family.', minItems: 1 },
  'runtimeConfig.ipRanges[][]': 'A range of addresses.',
  ...rangeFields('runtimeConfig.ipRanges[][].'),
};
