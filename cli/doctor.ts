import { defineCommand } from './command.ts';

export const doctorCommand = defineCommand({
  name: 'doctor',
  summary: 'examine this node: kernel, tools, networks, addresses',
  examples: [
    { line: 'plumbline doctor', about: 'what is wrong, and what to do about it' },
    { line: 'plumbline doctor --json', about: 'the same for programs' },
  ],
  about: `Looks at all that networks need of a node, and tells of each whether it is ok, a warning or a problem, and what
to do. Changes nothing. As root, or features and records cannot be looked at.

The exit status is 0 where there is no problem, warnings or not, 1 where there is one, 2 for arguments that make no
sense.`,
  details: `It looks at features of the kernel (tried in a network namespace that goes at once), programs and their versions,
sysctls, the networks in net.d and their plugins, how many addresses are left and which are kept for containers that are
gone, Open vSwitch, NICs and virtual functions.

What --json prints:

  {"status", "checks": [{"area", "name", "status", "message", "remedy"}]}`,
  options: {
    'net-d': { value: 'DIR', kind: 'folder', default: '/etc/cni/net.d', about: 'folder of the networks' },
    'bin-dir': { value: 'DIR', kind: 'folder', default: '/opt/cni/bin', about: 'folder of the plugins' },
    json: { about: 'as JSON' },
  },
  async run({ options }, io) {
    const { runDoctor } = await import('./doctor/run.ts');
    return runDoctor({ netDir: options['net-d'], binDir: options['bin-dir'], json: options.json }, io);
  },
});
