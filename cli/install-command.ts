import { resolve } from 'node:path';
import { type CliIo, defineCommand } from './command.ts';
import { BRIDGE_ALIAS, EXECUTABLES } from './executable.ts';
import type { Change } from './survey.ts';

/** The file that runs, whatever has become of its name meanwhile. */
const OWN_EXECUTABLE = '/proc/self/exe';

export const installCommand = defineCommand({
  name: 'install',
  summary: 'install the plugins, or bring them up to date',
  examples: [
    { line: 'plumbline install --bin-dir /opt/cni/bin', about: 'where runtimes look for plugins' },
    { line: 'plumbline install --bin-dir /opt/cni/bin --force', about: 'over plugins of others' },
  ],
  about: `Installs this executable in DIR as ${EXECUTABLES.join(', ')}, which are hard links of one file.`,
  details: `Each name is put in place by rename: a plugin that runs at that moment goes on, and nobody finds half a file.
What is up to date already is left as it is.`,
  options: {
    'bin-dir': {
      value: 'DIR',
      kind: 'folder',
      required: true,
      about: 'the folder; made where it is not there',
    },
    'as-bridge': { about: `also answer to ${BRIDGE_ALIAS}, the reference plugin's name` },
    force: { about: 'replace files of other origin too, and keep each as NAME.plumbline-backup' },
  },
  async run({ options }, io) {
    const { install } = await import('./install.ts');
    const changes = install({
      source: OWN_EXECUTABLE,
      binDir: resolve(options['bin-dir']),
      asBridge: options['as-bridge'],
      force: options.force,
    });
    report(changes, io);
    return 0;
  },
});

export const uninstallCommand = defineCommand({
  name: 'uninstall',
  summary: 'remove what install has installed',
  examples: [{ line: 'plumbline uninstall --bin-dir /opt/cni/bin', about: 'plugins of others stay' }],
  about: `Removes plumbline's executables from DIR, and puts back the files that 'install --force' replaced. A file of
other origin is left alone, whatever its name.`,
  options: {
    'bin-dir': { value: 'DIR', kind: 'folder', required: true, about: 'the folder' },
  },
  async run({ options }, io) {
    const { uninstall } = await import('./uninstall.ts');
    const dir = resolve(options['bin-dir']);
    const changes = uninstall(dir);
    report(changes, io);
    if (changes.length === 0) io.stdout.write(`${dir}: nothing of plumbline is there\n`);
    return 0;
  },
});

function report(changes: readonly Change[], io: CliIo): void {
  for (const { path, what } of changes) io.stdout.write(`${path}: ${what}\n`);
}
