/** Settings of the kernel (sysctls) that networks depend upon, and that others may have changed. */
import type { Host, Kernel } from '../../lib/exec/host.ts';
import type { Network } from '../lint/network.ts';
import { type Check, checksOf } from './check.ts';
import type { Needs } from './needs.ts';

const { ok, warning, problem } = checksOf('settings');

export function checkSettings(
  { kernel }: Host,
  networks: readonly Network[],
  needs: Needs,
): readonly Check[] {
  return [
    ...checkForwarding(kernel, networks, needs),
    ...checkIPv6(kernel, needs),
    ...checkBridgeFilter(kernel, needs),
    ...checkAtLeast(kernel, 'fs.inotify.max_user_instances', 256),
    ...checkAtLeast(kernel, 'fs.inotify.max_user_watches', 65_536),
    ...checkConnections(kernel),
  ];
}

const read = (kernel: Kernel, name: string): string | undefined =>
  kernel.read(`/proc/sys/${name.replaceAll('.', '/')}`);

const set = (name: string, value: string | number): string =>
  `sysctl -w ${name}=${value}, and a file below /etc/sysctl.d`;

/** ADD turns forwarding on with the first container of a gateway; a bridge that is there has had one. */
function checkForwarding(kernel: Kernel, networks: readonly Network[], needs: Needs): readonly Check[] {
  if (!needs.has('gateway')) return [];
  const bridges = networks
    .flatMap(({ members }) => members)
    .filter(
      ({ plugin, config }) =>
        plugin === 'veth-bridge' && (config?.['isGateway'] || config?.['isDefaultGateway']),
    )
    .map(({ config }) => String(config?.['bridge']));
  const used = bridges.find((bridge) => kernel.exists(`/sys/class/net/${bridge}`));
  const names = ['net.ipv4.ip_forward', ...(needs.has('ipv6') ? ['net.ipv6.conf.all.forwarding'] : [])];
  return names.map((name) => {
    const value = read(kernel, name);
    if (value === '1') return ok(name, '1');
    if (used === undefined) return ok(name, `${value ?? 'none'}; the first ADD turns it on`);
    return problem(name, `${value ?? 'none'}, and containers on ${used} go through this node`, set(name, 1));
  });
}

function checkIPv6(kernel: Kernel, needs: Needs): readonly Check[] {
  const name = 'net.ipv6.conf.all.disable_ipv6';
  if (!needs.has('ipv6') || read(kernel, name) !== '1') return [];
  return [warning(name, '1: the node has no IPv6, and networks here have ranges of it', set(name, 0))];
}

/** Kubernetes needs them for Services whose pods are on one bridge; nobody else does. */
function checkBridgeFilter(kernel: Kernel, needs: Needs): readonly Check[] {
  if (!needs.has('bridge')) return [];
  const isKubernetes = kernel.exists('/var/lib/kubelet') || kernel.exists('/etc/kubernetes');
  const names = [
    'net.bridge.bridge-nf-call-iptables',
    ...(needs.has('ipv6') ? ['net.bridge.bridge-nf-call-ip6tables'] : []),
  ];
  return names.map((name) => {
    const value = read(kernel, name);
    if (value === '1' || !isKubernetes) return ok(name, value ?? 'module br_netfilter is not loaded');
    const why = 'a Service does not reach its pods from a pod on the same bridge';
    const load = value === undefined ? 'modprobe br_netfilter; ' : '';
    return warning(name, `${value ?? 'module br_netfilter is not loaded'}: ${why}`, `${load}${set(name, 1)}`);
  });
}

/** Runtimes and kubelets watch files; without a watch they end, or miss what changes. */
function checkAtLeast(kernel: Kernel, name: string, least: number): readonly Check[] {
  const value = read(kernel, name);
  if (value === undefined) return [];
  if (Number(value) >= least) return [ok(name, value)];
  return [warning(name, `${value}: runtimes may run out of them with many containers`, set(name, least * 2))];
}

function checkConnections(kernel: Kernel): readonly Check[] {
  const [count, max] = ['count', 'max'].map((which) =>
    Number(read(kernel, `net.netfilter.nf_conntrack_${which}`) ?? 0),
  );
  if (!count || !max) return [];
  const name = 'net.netfilter.nf_conntrack_max';
  if (count < max * 0.9) return [ok(name, `${max}, and ${count} are in use`)];
  return [
    warning(
      name,
      `${max}, and ${count} are in use: new connections are dropped when it is full`,
      set(name, max * 2),
    ),
  ];
}
