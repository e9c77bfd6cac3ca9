/** CHECK finds each thing that is not as ADD left it, and names it. */
import { checkTests } from '../child/check.ts';

const source = { mode: 'source', sourceMacs: ['02:00:00:00:00:21', '02:00:00:00:00:22'] };

checkTests('macvlan', {
  'another MAC address': {
    inside: 'ip link set eth0 address 02:00:00:00:00:07',
    says: /eth0 in \S+ has the MAC address 02:00:00:00:00:07, not /,
  },
  'another mode': {
    inside: 'ip link set eth0 type macvlan mode private',
    says: /the mode of eth0 is private, not bridge/,
  },
  'one source address less': {
    fields: source,
    inside: 'ip link set eth0 type macvlan macaddr del 02:00:00:00:00:21',
    says: /eth0 is 02:00:00:00:00:22, not 02:00:00:00:00:21 02:00:00:00:00:22/,
  },
  'no source address left': {
    fields: source,
    inside: 'ip link set eth0 type macvlan macaddr flush',
    says: /eth0 is none, not 02:00:00:00:00:21 02:00:00:00:00:22/,
  },
});
