/** What ipvlan refuses, in plain words. */
import { errorTests } from '../child/errors.ts';

errorTests('ipvlan', {
  'an unknown flag': {
    fields: { flag: 'bogus' },
    says: /flag: "bogus", expected one of "bridge"/,
    byConfig: true,
  },
  'a MAC address': {
    fields: { mac: '02:00:00:00:00:01' },
    says: /^mac: "02:00:00:00:00:01" cannot be had/,
    byConfig: true,
  },
  'a MAC address in runtimeConfig': {
    fields: { runtimeConfig: { mac: '02:00:00:00:00:01' } },
    says: /^runtimeConfig\.mac: "02:00:00:00:00:01" cannot be had.*use macvlan/,
    byConfig: true,
  },
  'a MAC address in args.cni': {
    fields: { args: { cni: { mac: '02:00:00:00:00:01' } } },
    says: /^args\.cni\.mac: "02:00:00:00:00:01" cannot be had/,
    byConfig: true,
  },
  'a MAC address in CNI_ARGS': {
    args: { MAC: '02:00:00:00:00:01' },
    code: 4,
    says: /CNI_ARGS: unknown "MAC"; remove it, or add IgnoreUnknown=1/,
    byConfig: true,
  },
  'no ipam and no earlier plugin': { fields: { ipam: {} }, says: /ipam: missing/, byConfig: true },
  'a master that has macvlans': {
    onNode: 'ip link add link uplink name other0 type macvlan; ip link set other0 alias uplink',
    says: /master: the kernel makes no ipvlan link on "uplink" .*busy.*cannot have ipvlan and macvlan children/,
  },
});
