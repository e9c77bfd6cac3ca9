import { defineCommand } from './command.ts';

export const explainCommand = defineCommand({
  name: 'explain',
  summary: 'tell what a call would do, as a shell script',
  examples: [
    { line: 'plumbline explain --netns blue --network pods', about: 'what ADD would do for it' },
    { line: 'plumbline explain DEL --netns blue --network pods', about: 'what DEL would do' },
  ],
  about: `Prints what a call of a network's plugins would do on this node, as a
commented script of the very commands. Reads are run; nothing is changed, and no
address is reserved. As root on this node, the script makes the same network.`,
  details: `The script has ip, bridge, nft, ovs-vsctl and the files that the plugins write, in their order. What would make the
call fail is told as the call would tell it: exit status 1.

Without --network the config is read from standard input: a list of plugins or one plugin. For DEL and CHECK, the
result that the runtime has kept in /var/lib/cni/results is used, or the prevResult of a config on standard input; for GC
what --keep names, or its "cni.dev/valid-attachments", is what stays. CNI_ARGS, CNI_PATH and CAP_ARGS are read from the environment, as cnitool does.

A plugin of another project is shown as the call that would be made, with its environment and standard input. Of an IPAM
plugin of another project nobody can know the address without taking it: 192.0.2.2/24 stands for it, and the script stops
there.

What --json prints:

  {"network", "command", "containerId", "netns", "ifname",
   "steps": [{"kind", "comment", "shell", ...}], "result"}`,
  options: {
    netns: { value: 'PATH', kind: 'namespace', about: "the container's network namespace" },
    container: { value: 'ID', about: 'its ID; otherwise made from PATH' },
    ifname: { value: 'NAME', default: 'eth0', about: 'its interface' },
    network: { value: 'NAME|FILE', kind: 'network', about: 'in net.d, or a file' },
    'net-d': { value: 'DIR', kind: 'folder', default: '/etc/cni/net.d', about: 'folder of the networks' },
    'bin-dir': { value: 'DIR', kind: 'folder', default: '/opt/cni/bin', about: 'folder of the plugins' },
    keep: { value: 'ID/IFNAME', repeated: true, about: 'of GC: stays (repeatable)' },
    json: { about: 'as JSON' },
  },
  arguments: {
    COMMAND: {
      about: 'ADD by default',
      optional: true,
      choices: ['ADD', 'DEL', 'CHECK', 'GC'],
    },
  },
  async run({ options, args }, io) {
    const { runExplain } = await import('./explain/run.ts');
    return runExplain(
      {
        command: args.COMMAND ?? 'ADD',
        netns: options.netns,
        container: options.container,
        ifname: options.ifname,
        network: options.network,
        netDir: options['net-d'],
        binDir: options['bin-dir'],
        keep: options.keep,
        json: options.json,
      },
      io,
    );
  },
});
