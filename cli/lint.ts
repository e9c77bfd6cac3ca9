import { defineCommand } from './command.ts';

export const lintCommand = defineCommand({
  name: 'lint',
  summary: 'find mistakes in network configs (.conf, .conflist)',
  examples: [
    { line: 'plumbline lint /etc/cni/net.d', about: 'all networks of this node' },
    { line: 'plumbline lint --each conf-examples', about: 'files of different nodes' },
  ],
  about: `Reads network configs as their plugins do, and tells of every mistake with line and column: what is no JSON,
unknown keys and what they were meant to be, values that a plugin refuses, fields that do not go together.

The exit status is 0 where nothing is wrong, 1 where something is, 2 where a file cannot be read.`,
  details: `All files together are taken for the networks of one node: names that are there twice, overlapping ranges, and a
bridge or master that is used in two ways are told, too. Plugins of other projects are not blamed for keys that only they
know.

What --json prints:

  {"files": [...], "findings": [{"file", "line", "column", "level", "field", "message"}]}`,
  arguments: {
    FILE: {
      about: 'a config, or a folder of .conf, .conflist and .json files',
      kind: 'file',
      repeated: true,
    },
  },
  options: {
    each: { about: 'files have nothing to do with each other' },
    json: { about: 'as JSON' },
  },
  async run({ options, args }, io) {
    const { runLint } = await import('./lint/run.ts');
    return runLint({ paths: args.FILE, json: options.json, each: options.each }, io);
  },
});
