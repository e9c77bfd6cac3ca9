import { resolve } from 'node:path';
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { type CliIo, type Command, UsageError } from './command.ts';
import { BRIDGE_ALIAS, EXECUTABLES } from './executable.ts';
import { install } from './install.ts';
import type { Change } from './survey.ts';
import { uninstall } from './uninstall.ts';

/** The file that runs, whatever has become of its name meanwhile. */
const OWN_EXECUTABLE = '/proc/self/exe';

export const installCommand: Command = {
  name: 'install',
  summary: 'install the plugins, or bring them up to date',
  usage: `Usage: plumbline install --bin-dir DIR [--as-bridge] [--force]

Installs this executable in DIR (where the container runtime looks for plugins: /opt/cni/bin as a rule) as
${EXECUTABLES.join(', ')},
which are hard links of one file. Each name is put in place by rename: a plugin that runs at that moment goes on,
and nobody finds half a file. What is up to date already is left as it is.

  --bin-dir DIR  the folder; made where it is not there
  --as-bridge    also answer to ${BRIDGE_ALIAS}, the reference plugin's name
  --force        replace files of other origin too, and keep each as NAME.plumbline-backup
`,
  run(args, io) {
    const values = parse(args, {
      'bin-dir': { type: 'string' },
      'as-bridge': { type: 'boolean', default: false },
      force: { type: 'boolean', default: false },
    });
    const changes = install({
      source: OWN_EXECUTABLE,
      binDir: folder(values['bin-dir']),
      asBridge: values['as-bridge'],
      force: values.force,
    });
    report(changes, io);
    return 0;
  },
};

export const uninstallCommand: Command = {
  name: 'uninstall',
  summary: 'remove what install has installed',
  usage: `Usage: plumbline uninstall --bin-dir DIR

Removes plumbline's executables from DIR, and puts back the files that 'install --force' replaced. A file of other
origin is left alone, whatever its name.

  --bin-dir DIR  the folder
`,
  run(args, io) {
    const { 'bin-dir': binDir } = parse(args, { 'bin-dir': { type: 'string' } });
    const dir = folder(binDir);
    const changes = uninstall(dir);
    report(changes, io);
    if (changes.length === 0) io.stdout.write(`${dir}: nothing of plumbline is there\n`);
    return 0;
  },
};

function report(changes: readonly Change[], io: CliIo): void {
  for (const { path, what } of changes) io.stdout.write(`${path}: ${what}\n`);
}

function parse<T extends ParseArgsOptionsConfig>(args: readonly string[], options: T) {
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    // Node explains at length how to pass a positional argument that looks like an option; there is none here.
    const [message] = (error as Error).message.split('. To specify');
    throw new UsageError(message ?? 'bad arguments', { cause: error });
  }
}

function folder(value: string | undefined): string {
  if (value === undefined || value === '') throw new UsageError('--bin-dir DIR is missing');
  return resolve(value);
}
