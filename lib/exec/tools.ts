/** Where the programs are that plumbline calls, and which Debian package brings them. */
import { accessSync, constants, statSync } from 'node:fs';
import { CniError, ErrorCode } from '../errors.ts';

/** Where tools are looked for after the caller's PATH: a runtime's PATH often lacks the sbin folders. */
const usualPlaces = ['/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/local/sbin', '/usr/local/bin'];

const packages: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  bridge: 'iproute2',
  tc: 'iproute2',
  nft: 'nftables',
  iptables: 'iptables',
  ip6tables: 'iptables',
  'iptables-restore': 'iptables',
  'ip6tables-restore': 'iptables',
  flock: 'util-linux',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  sh: 'dash',
  'ovsdb-client': 'openvswitch-common',
};

const found = new Map<string, string>();

/**
 * Path of a program.
 * @throws CniError 100 that names the program and its package
 */
export function findTool(name: string, searchPath: string | undefined): string {
  if (name.startsWith('/')) return name;
  const key = `${name}\0${searchPath ?? ''}`;
  const known = found.get(key);
  if (known !== undefined) return known;
  // A relative entry of PATH would make what runs depend on the caller's working directory.
  const folders = [
    ...(searchPath ?? '').split(':').filter((folder) => folder.startsWith('/')),
    ...usualPlaces,
  ];
  for (const folder of folders) {
    const path = `${folder}/${name}`;
    if (isExecutable(path)) {
      found.set(key, path);
      return path;
    }
  }
  const places = [...new Set(folders)].join(':');
  throw new CniError(ErrorCode.toolMissing, missingTool(name), `looked in ${places}`);
}

/** What to say of a program that is not there. */
export function missingTool(name: string): string {
  const origin = packages[name];
  return `the program "${name}" is not installed${origin ? `; on Debian: apt-get install ${origin}` : ''}`;
}

/** Whether a program is there, for work that can be left out without it. */
export function hasTool(name: string, searchPath: string | undefined): boolean {
  try {
    findTool(name, searchPath);
    return true;
  } catch {
    return false;
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
