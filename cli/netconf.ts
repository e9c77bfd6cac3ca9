import { defineCommand, UsageError } from './command.ts';
import { SERVICE_ACCOUNT } from './netconf/options.ts';

export const netconfCommand = defineCommand({
  name: 'netconf',
  summary: "write network configs with this node's pod CIDRs filled in",
  examples: [
    {
      line: 'plumbline netconf --from /config --to /etc/cni/net.d --node worker-1 --watch',
      about: 'in a DaemonSet',
    },
    {
      line: 'plumbline netconf --from . --to /etc/cni/net.d --pod-cidrs 10.244.3.0/24',
      about: 'without Kubernetes',
    },
  ],
  about: `Fills the node's pod CIDRs into network configs, checks the result as the plugins read it, and puts each file in
place by rename. Nothing is written where one of them is wrong.`,
  details: `It takes the files *.conf and *.conflist of one folder (a mounted ConfigMap). A runtime never finds half a file, and
what is up to date is left as it is.

In a range of ipam.ranges:

  "subnet": "podCIDR"
      the node's pod CIDR; its range set is repeated for each, IPv4 and IPv6
  "podCIDR.first", "podCIDR.last"
      as gateway, rangeStart, rangeEnd: the first and last usable address of
      the node's pod CIDR, of the subnet's family`,
  options: {
    from: { value: 'DIR', kind: 'folder', required: true, about: 'the templates' },
    to: {
      value: 'DIR',
      kind: 'folder',
      required: true,
      about: "the runtime's folder, made where it is not there",
    },
    node: {
      value: 'NAME',
      excludes: ['pod-cidrs'],
      about: "ask Kubernetes for this node's pod CIDRs, with the pod's service account",
    },
    'service-account': {
      value: 'DIR',
      kind: 'folder',
      default: SERVICE_ACCOUNT,
      about: 'where its token and ca.crt are',
    },
    'pod-cidrs': { value: 'LIST', about: 'they are these: 10.244.3.0/24,fd00:244:3::/64' },
    watch: { about: 'look every 10 seconds whether files have changed, until SIGTERM' },
  },
  async run({ options }, io) {
    const { from, to, node, watch, 'service-account': serviceAccount, 'pod-cidrs': list } = options;
    if (node === '') throw new UsageError('--node: its name is empty');
    const { runNetconf } = await import('./netconf/run.ts');
    const podCidrs = list?.split(',').map((cidr) => cidr.trim());
    return runNetconf({ from, to, node, serviceAccount, podCidrs, watch }, io);
  },
});
