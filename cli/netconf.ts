import { type Command, UsageError } from './command.ts';
import { type NetconfOptions, SERVICE_ACCOUNT } from './netconf/options.ts';
import { readOptions } from './options.ts';

export const netconfCommand: Command = {
  name: 'netconf',
  summary: 'write network configs of this node, with its pod CIDRs filled in',
  usage: `Usage: plumbline netconf --from DIR --to DIR [--node NAME | --pod-cidrs LIST] [--watch]

Takes the files *.conf and *.conflist of one folder (a mounted ConfigMap), fills in the node's pod CIDRs, checks the
result as the plugins read it, and puts each file into the other folder (/etc/cni/net.d) by rename: a runtime never finds
half a file. Nothing is written where one of them is wrong, and what is up to date is left as it is.

In a range of ipam.ranges:
  "subnet": "podCIDR"            the node's pod CIDR; its range set is repeated for each, IPv4 and IPv6
  "podCIDR.first", "podCIDR.last"
                                 as gateway, rangeStart, rangeEnd: the first and last usable address of the node's pod
                                 CIDR, of the subnet's family

  --from DIR        the templates
  --to DIR          the folder of the container runtime; made where it is not there
  --node NAME       ask Kubernetes for the pod CIDRs of this node, with the pod's service account
  --service-account DIR
                    where its token and ca.crt are; ${SERVICE_ACCOUNT}
                    as a rule
  --pod-cidrs LIST  they are these: 10.244.3.0/24 or 10.244.3.0/24,fd00:244:3::/64
  --watch           go on: look every 10 seconds whether templates or files have changed, until SIGTERM
`,
  async run(args, io) {
    const options = netconfOptions(args);
    // Loaded when it is wanted: nothing else has a use for TLS and HTTP.
    const { runNetconf } = await import('./netconf/run.ts');
    return runNetconf(options, io);
  },
};

function netconfOptions(args: readonly string[]): NetconfOptions {
  const { values } = readOptions(args, {
    from: { type: 'string' },
    to: { type: 'string' },
    node: { type: 'string' },
    'service-account': { type: 'string', default: SERVICE_ACCOUNT },
    'pod-cidrs': { type: 'string' },
    watch: { type: 'boolean', default: false },
  });
  const { from, to, node, watch, 'service-account': serviceAccount } = values;
  if (!from) throw new UsageError('--from DIR is missing');
  if (!to) throw new UsageError('--to DIR is missing');
  const list = values['pod-cidrs'];
  if (node !== undefined && list !== undefined)
    throw new UsageError('--node and --pod-cidrs exclude each other');
  if (node === '') throw new UsageError('--node: its name is empty');
  return { from, to, node, serviceAccount, podCidrs: list?.split(',').map((cidr) => cidr.trim()), watch };
}
