import type { Command } from './command.ts';
import { readOptions } from './options.ts';

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'examine this node: kernel, tools, settings, networks, addresses',
  usage: `Usage: plumbline doctor [--net-d DIR] [--bin-dir DIR] [--json]

Looks at all that networks need of a node, and tells of each whether it is ok, a warning or a problem, and what to do:
features of the kernel (tried in a network namespace that goes at once), programs and their versions, sysctls, the
networks in net.d and their plugins, how many addresses are left and which are kept for containers that are gone, Open
vSwitch, NICs and virtual functions. Changes nothing. As root, or features and records cannot be looked at.

  --net-d DIR     folder of the networks (/etc/cni/net.d)
  --bin-dir DIR   folder of the plugins (/opt/cni/bin)
  --json          as JSON: {"status", "checks": [{"area", "name", "status", "message", "remedy"}]}

The exit status is 0 where there is no problem, warnings or not, 1 where there is one, 2 for arguments that make no sense.
`,
  async run(args, io) {
    const { values } = readOptions(args, {
      'net-d': { type: 'string', default: '/etc/cni/net.d' },
      'bin-dir': { type: 'string', default: '/opt/cni/bin' },
      json: { type: 'boolean', default: false },
    });
    // Loaded when it is wanted: a plugin's call has no use for it.
    const { runDoctor } = await import('./doctor/run.ts');
    return runDoctor({ netDir: values['net-d'], binDir: values['bin-dir'], json: values.json }, io);
  },
};
