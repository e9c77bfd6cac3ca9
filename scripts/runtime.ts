/**
 * A container runtime's part in CNI, in its smallest form, for the demonstration: runs the plugins of a conflist one
 * after the other and keeps the result for the DEL.
 *
 * Usage: CNI_PATH=DIR node scripts/runtime.ts add|del CONFLIST CONTAINER_ID NETNS STATE_DIR
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface Conflist {
  readonly cniVersion: string;
  readonly name: string;
  readonly plugins: readonly ({ readonly type: string } & Readonly<Record<string, unknown>>)[];
}

const [command = '', conflist = '', id = '', netns = '', stateDir = ''] = process.argv.slice(2);
const { cniVersion, name, plugins } = JSON.parse(readFileSync(conflist, 'utf8')) as Conflist;
const state = join(stateDir, `${id}.json`);

/** Runs one plugin with the network's configuration on its stdin; stdout is the result, or an error. */
function call(type: string, config: object): string {
  const path = join(process.env['CNI_PATH'] ?? '', type);
  const { status, stdout, stderr, error } = spawnSync(path, {
    input: JSON.stringify(config),
    encoding: 'utf8',
    env: {
      PATH: process.env['PATH'],
      CNI_COMMAND: command.toUpperCase(),
      CNI_CONTAINERID: id,
      CNI_NETNS: netns,
      CNI_IFNAME: 'eth0',
      CNI_PATH: process.env['CNI_PATH'],
    },
  });
  if (status === 0) return stdout;
  console.error(`${type}: ${error?.message ?? ''}${stdout}${stderr}`);
  process.exit(1);
}

if (command === 'add') {
  let result = '';
  for (const plugin of plugins) {
    const prevResult = result === '' ? {} : { prevResult: JSON.parse(result) as unknown };
    result = call(plugin.type, { ...plugin, cniVersion, name, ...prevResult });
  }
  writeFileSync(state, result);
  process.stdout.write(`${result.trim()}\n`);
} else {
  const prevResult = JSON.parse(readFileSync(state, 'utf8')) as unknown;
  for (const plugin of plugins.toReversed()) call(plugin.type, { ...plugin, cniVersion, name, prevResult });
  rmSync(state);
}
