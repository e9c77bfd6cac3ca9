/** What macvlan refuses, in plain words. */
import type { Refusal } from '../child/errors.ts';
import { errorTests } from '../child/errors.ts';

const sources: Readonly<Record<string, Refusal>> = {
  'mode source without addresses': {
    fields: { mode: 'source' },
    says: /sourceMacs: missing; mode "source"/,
    byConfig: true,
  },
  'source addresses in another mode': {
    fields: { sourceMacs: ['02:00:00:00:00:01'] },
    says: /sourceMacs: only mode "source" has them, and mode is "bridge"/,
    byConfig: true,
  },
  'a source address that is none': {
    fields: { mode: 'source', sourceMacs: ['02:00:00:00:00:01', 'x'] },
    says: /sourceMacs\[1\]: "x" is no unicast MAC address/,
    byConfig: true,
  },
};

const macs: Readonly<Record<string, Refusal>> = {
  'a MAC address that is none': {
    fields: { mac: '02:00' },
    says: /^mac: "02:00" is no unicast MAC address/,
    byConfig: true,
  },
  'a multicast MAC address in runtimeConfig': {
    fields: { runtimeConfig: { mac: '01:00:5e:00:00:01' } },
    says: /runtimeConfig\.mac: "01:00:5e:00:00:01" is no unicast/,
    byConfig: true,
  },
  'a MAC address that is none in args.cni': {
    fields: { args: { cni: { mac: 'y' } } },
    says: /args\.cni\.mac: "y" is no unicast/,
    byConfig: true,
  },
  'a MAC address that is none in CNI_ARGS': {
    args: { MAC: 'z' },
    code: 4,
    says: /CNI_ARGS: MAC: "z" is no unicast/,
    byConfig: true,
  },
};

errorTests('macvlan', {
  ...sources,
  ...macs,
  'a queue length that is none': {
    fields: { bcqueuelen: -1 },
    says: /bcqueuelen: -1, expected at least 0/,
    byConfig: true,
  },
  'a master that has an ipvlan': {
    onNode: 'ip link add link uplink name other0 type ipvlan; ip link set other0 alias uplink',
    says: /master: the kernel makes no macvlan link on "uplink" .*busy.*cannot have macvlan and ipvlan children/,
    needs: ['macvlan', 'ipvlan'],
  },
  'a second child of a passthru master': {
    fields: { mode: 'passthru' },
    onNode: 'ip link add link uplink name other0 type macvlan mode passthru; ip link set other0 alias uplink',
    says: /master: the kernel makes no macvlan link on "uplink" .*passthru child is its master's only one/,
  },
  'another mode beside a passthru child': {
    onNode: 'ip link add link uplink name other0 type macvlan mode passthru; ip link set other0 alias uplink',
    says: /master: the kernel makes no macvlan link on "uplink" .*with a passthru child can have no other/,
  },
});
