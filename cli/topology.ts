import { defineCommand } from './command.ts';

export const topologyCommand = defineCommand({
  name: 'topology',
  summary: 'draw this node: bridges, ports, containers',
  examples: [
    { line: 'plumbline topology', about: 'a tree, for a terminal' },
    { line: 'plumbline topology --format svg >node.svg', about: 'a picture' },
    { line: 'plumbline topology --json', about: 'the same for programs' },
  ],
  about: `Shows what hangs on what: Linux bridges, bridges of Open vSwitch, masters of macvlan and ipvlan, NICs with
virtual functions; their ports; and at each port VLAN, masquerading, anti-spoofing, and the container with its
interface and addresses. What plumbline has not made is grey; what it has made for a container that is gone is red, and
called stale. Changes nothing. As root, or containers cannot be seen.

The exit status is 0, 1 where nothing can be seen, 2 for arguments that make no sense.`,
  details: `The SVG is drawn by Graphviz, which is part of this program; dot is what it is drawn from. Where more than 16
containers of one network are on one bridge, pictures have them in one table. A tree has colours on a terminal, unless
NO_COLOR is set. What could not be looked at is told on standard error.

The JSON's form is kept, and is described in docs/topology.md:

  {"version": 1, "hubs": [{"kind", "name", "ours", "ports": [...], ...}], "leftovers": [...], "notes": [...]}`,
  options: {
    format: {
      value: 'FORMAT',
      choices: ['tree', 'mermaid', 'dot', 'svg', 'json'],
      about: 'how it is drawn; tree if not given',
      excludes: ['json'],
    },
    json: { about: 'the same as --format json' },
    'net-d': { value: 'DIR', kind: 'folder', default: '/etc/cni/net.d', about: 'folder of the networks' },
  },
  async run({ options }, io) {
    const { runTopology } = await import('./topology/run.ts');
    const format = options.json ? 'json' : (options.format ?? 'tree');
    return runTopology({ format, netDir: options['net-d'] }, io);
  },
});
