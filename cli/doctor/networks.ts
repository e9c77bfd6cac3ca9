/** net.d: what a runtime finds there, and whether the plugins that it names are installed. */
import { accessSync, constants } from 'node:fs';
import { basename, join } from 'node:path';
import { isErrnoException } from '../../lib/errors.ts';
import { readMark } from '../executable.ts';
import { lintFiles, type Report } from '../lint/files.ts';
import type { Finding } from '../lint/finding.ts';
import type { Network } from '../lint/network.ts';
import { filesIn } from '../network/files.ts';
import { VERSION } from '../version.ts';
import { type Check, checksOf, plural } from './check.ts';

const { ok, warning, problem } = checksOf('networks');

export interface Configured {
  readonly checks: readonly Check[];
  readonly networks: readonly Network[];
}

/** Reads and lints a folder of networks. */
export function readNetworks(folder: string): Configured {
  try {
    const report = lintFiles(filesIn(folder));
    return { checks: checkFiles(folder, report), networks: report.networks };
  } catch (error) {
    if (!isErrnoException(error)) throw error;
    const check =
      error.code === 'ENOENT'
        ? warning(
            folder,
            'there is no such folder: no network is set up',
            'write a network into it, or name another folder by --net-d',
          )
        : problem(folder, `cannot be read: ${error.message}`, 'run this as root, and make it a folder');
    return { checks: [check], networks: [] };
  }
}

function checkFiles(folder: string, { files, findings, networks }: Report): readonly Check[] {
  if (files.length === 0) {
    return [warning(folder, 'there is no network in it', 'write one, such as 10-pods.conflist')];
  }
  return files.map((file) => {
    const name = basename(file);
    const own = findings.filter((finding) => finding.file === file);
    const [first] = own;
    if (first !== undefined) return tellFindings(name, file, own, first);
    const found = networks.find(({ source }) => source.file === file);
    const types = found?.members.map(({ type }) => type).join(', ') ?? '';
    const isDefault = file === files[0] ? '; the one that a runtime takes first' : '';
    return ok(name, `network "${found?.name ?? ''}" (${types})${isDefault}`);
  });
}

function tellFindings(name: string, file: string, findings: readonly Finding[], first: Finding): Check {
  const isProblem = findings.some(({ level }) => level === 'error');
  const make = isProblem ? problem : warning;
  const worst = (isProblem ? findings.find(({ level }) => level === 'error') : undefined) ?? first;
  const more = findings.length > 1 ? ` (${plural(findings.length, 'finding')} in all)` : '';
  return make(name, `line ${worst.line}: ${worst.message}${more}`, `plumbline lint ${file}`);
}

const installed = checksOf('plugins');

/** Every plugin that a network names, once. */
export function checkPlugins(networks: readonly Network[], binDir: string): readonly Check[] {
  const users = new Map<string, string>();
  for (const { name, members } of networks) {
    for (const { type, ipamType } of members) {
      for (const plugin of ipamType === undefined ? [type] : [type, ipamType]) {
        if (!users.has(plugin)) users.set(plugin, name);
      }
    }
  }
  return [...users].map(([type, network]) => checkPlugin(type, network, binDir));
}

function checkPlugin(type: string, network: string, binDir: string): Check {
  const path = join(binDir, type);
  try {
    accessSync(path, constants.X_OK);
  } catch {
    const remedy = ourNames.has(type) ? `plumbline install --bin-dir ${binDir}` : `install it into ${binDir}`;
    return installed.problem(type, `not in ${binDir}, and network "${network}" names it`, remedy);
  }
  const mark = readMark(path);
  if (mark === undefined) return installed.ok(type, `${path}, of another project`);
  if (mark.version === VERSION || VERSION === 'from-source')
    return installed.ok(type, `${path}, version ${mark.version}`);
  return installed.warning(
    type,
    `${path} is version ${mark.version}, and this is ${VERSION}`,
    `plumbline install --bin-dir ${binDir}`,
  );
}

const ourNames: ReadonlySet<string> = new Set([
  'veth-bridge',
  'ovs',
  'macvlan',
  'ipvlan',
  'sriov',
  'host-local',
]);
