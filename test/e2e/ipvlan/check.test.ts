/** CHECK finds each thing that is not as ADD left it, and names it. */
import { checkTests } from '../child/check.ts';

checkTests('ipvlan', {
  'another mode': {
    inside: 'ip link set eth0 type ipvlan mode l3',
    says: /the mode of eth0 is l3, not l2/,
  },
  'another flag': {
    inside: 'ip link set eth0 type ipvlan mode l2 private',
    says: /the flag of eth0 is private, not bridge/,
  },
});
