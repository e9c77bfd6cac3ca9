import { defineCommand } from './command.ts';
import { defaultBinDir, defaultNetDir } from './network/files.ts';

export const attachCommand = defineCommand({
  name: 'attach',
  summary: 'give a running container a further interface',
  examples: [
    { line: 'plumbline attach web --network storage', about: 'a network of net.d' },
    { line: 'plumbline attach web --plugin ovs --bridge br-int', about: 'no file at all' },
  ],
  about: 'Runs the plugins of a network for a container that runs; detach undoes it.',
  details: `CONTAINER is the name of a network namespace (ip netns), a path of one, a process ID, or a container's or pod's
name, ID or the beginning of its ID in Docker, Podman, containerd (in any of its namespaces) or whatever speaks the CRI,
such as CRI-O. Each is asked by its own command line: docker, podman, ctr, crictl. Where several containers are meant, all
of them are listed, and nothing is done.

A network is a file, or a name in net.d. A list of plugins runs as a runtime runs it. With --plugin there is no file: a
config is made of --bridge or --master and the rest. plumbline's own plugins are at hand also where they are not in
--bin-dir. --print-config shows a network with all that was asked for, and does
nothing else.

An address asked for by --ip is one that the network's IPAM has to give; a network without IPAM gets it as it is. With
@GATEWAY comes a default route by that gateway. Without it, a container that has a default route keeps it: none goes through
the further interface, even where the network says so.

What was done is kept in /var/lib/cni/plumbline/attachments until detach, also where attach itself comes to no end: then the
next attach to that container, or detach, takes back what there is.

--json prints the CNI result, and nothing else. The exit status is 0 where the interface is there, 1 where it could not be
made, and then nothing of it is left, 2 for arguments that make no sense.`,
  usage: 'CONTAINER --network NAME|FILE [OPTION]...',
  arguments: {
    CONTAINER: {
      kind: 'container',
      optional: true,
      about: "name, path, process ID, or a runtime's name or ID",
    },
  },
  options: {
    network: { value: 'NAME|FILE', kind: 'network', about: 'the network', excludes: ['plugin'] },
    plugin: { value: 'PLUGIN', kind: 'plugin', about: 'instead: veth-bridge, ovs, macvlan, ipvlan, sriov' },
    bridge: { value: 'NAME', kind: 'bridge', about: 'bridge of --plugin', excludes: ['master'] },
    master: { value: 'NAME', kind: 'interface', about: 'NIC of --plugin' },
    mode: { value: 'MODE', hidden: true, about: 'mode of --plugin macvlan, ipvlan' },
    ifname: { value: 'NAME', about: 'in the container; else the first free of eth1, eth2, ...' },
    ip: { value: 'CIDR[@GATEWAY]', repeated: true, about: 'address, and whether a default route' },
    mac: { value: 'MAC', about: 'MAC address' },
    vlan: { value: 'ID', about: 'VLAN of the port: veth-bridge, ovs, sriov' },
    expose: { about: 'let ip netns find the container, too' },
    'print-config': { about: 'print the config, and do nothing' },
    'net-d': {
      value: 'DIR',
      kind: 'folder',
      default: defaultNetDir,
      hidden: true,
      about: 'folder of the networks',
    },
    'bin-dir': { value: 'DIR', kind: 'folder', default: defaultBinDir, about: 'plugins' },
    json: { about: 'print the CNI result' },
  },
  async run({ options, args }, io) {
    const { runAttach } = await import('./attach/run.ts');
    const { 'net-d': netDir, 'bin-dir': binDir, 'print-config': printConfig, ...rest } = options;
    return runAttach({ ...rest, container: args.CONTAINER, netDir, binDir, printConfig }, io);
  },
});
