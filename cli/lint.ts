import { type Command, UsageError } from './command.ts';
import { readOptions } from './options.ts';

export const lintCommand: Command = {
  name: 'lint',
  summary: 'find mistakes in network configs (.conf, .conflist)',
  usage: `Usage: plumbline lint [--each] [--json] FILE...

Reads network configs as their plugins do, and tells of every mistake with line and column: what is no JSON, unknown
keys and what they were meant to be, values that a plugin refuses, fields that do not go together. FILE may be a folder
such as /etc/cni/net.d; its .conf, .conflist and .json files are read. All files together are taken for the networks of
one node: names that are there twice, overlapping ranges, and a bridge or master that is used in two ways are told, too.

Plugins of other projects are not blamed for keys that only they know.

  --each   files have nothing to do with each other
  --json   as JSON: {"files": [...], "findings": [{"file", "line", "column", "level", "field", "message"}]}

The exit status is 0 where nothing is wrong, 1 where something is, 2 where a file cannot be read.
`,
  async run(args, io) {
    const options = { each: { type: 'boolean' }, json: { type: 'boolean' } } as const;
    const { values, positionals } = readOptions(args, options, true);
    if (positionals.length === 0) throw new UsageError('FILE is missing');
    // Loaded when it is wanted: a plugin's call has no use for it.
    const { runLint } = await import('./lint/run.ts');
    return runLint({ paths: positionals, json: values.json ?? false, each: values.each ?? false }, io);
  },
};
