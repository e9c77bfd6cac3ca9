/** Plugins of other projects: they are not blamed for keys that only they know. */

/** Plugins that work on what an earlier one of the chain has made. */
export const chained: readonly string[] = ['portmap', 'bandwidth', 'tuning', 'firewall', 'sbr', 'vrf'];

const interfaces: readonly string[] = [
  ...['bridge', 'ptp', 'vlan', 'host-device', 'loopback', 'dummy', 'tap', 'macvlan', 'ipvlan'],
  ...['ovs', 'sriov', 'ib-sriov', 'rdma', 'bond', 'userspace', 'accelerated-bridge', 'route-override'],
  ...[
    'flannel',
    'calico',
    'cilium-cni',
    'weave-net',
    'multus',
    'multus-shim',
    'kindnet',
    'ovn-k8s-cni-overlay',
  ],
  ...['kube-ovn', 'antrea', 'aws-cni', 'azure-vnet', 'dnsname', 'cni-dnsname', 'noop', 'debug', 'istio-cni'],
];

export const ipams: readonly string[] = [
  ...['host-local', 'static', 'dhcp', 'whereabouts', 'calico-ipam', 'nv-ipam', 'kube-ovn', 'spiderpool'],
  ...['node-local', 'azure-vnet-ipam', 'delegated-plugin'],
];

/** Types of main plugins that are known to be others'. */
export const foreignTypes: ReadonlySet<string> = new Set([...interfaces, ...chained]);

/** What runtimes give to plugins that say they can take it (CNI conventions, "Dynamic Plugin specific fields"). */
export const capabilities: readonly string[] = [
  ...['portMappings', 'ipRanges', 'bandwidth', 'dns', 'ips', 'mac', 'infinibandGUID', 'deviceID', 'aliases'],
  ...['cgroupPath', 'CNIDeviceInfoFile', 'io.kubernetes.cri.pod-annotations'],
];

/** Keys beside a list's own that some runtimes write. */
export const listNotes: readonly string[] = ['$schema', 'nerdctlID', 'nerdctlLabels', 'args'];
