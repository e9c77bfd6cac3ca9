/**
 * The Node binary to build upon: this very one for this processor, and for another one the same version, fetched as the
 * npm package that package-lock.json pins.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Arch, nativeArch } from './arch.ts';

const root = dirname(dirname(import.meta.dirname));
const strippedCache = join(root, 'node_modules', '.cache', 'plumbline');

/** A Node binary with its symbols. */
export function nodeFor(arch: Arch): string {
  return arch === nativeArch ? process.execPath : fetchNode(arch);
}

interface Locked {
  readonly version: string;
  readonly integrity: string;
}

function lockedNode(arch: Arch): Locked {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const locked = lock.packages[`node_modules/node-linux-${arch.node}`];
  if (locked === undefined) throw new Error(`package-lock.json has no node-linux-${arch.node}`);
  if (`v${locked.version}` !== process.version) {
    // The blob and the Node that reads it have to be of one version.
    throw new Error(
      `package-lock.json has Node ${locked.version} for ${arch.oci}, and this is ${process.version}`,
    );
  }
  return locked;
}

/** npm leaves packages for another processor out of node_modules, so it is asked for the archive alone. */
function fetchNode(arch: Arch): string {
  const { version, integrity } = lockedNode(arch);
  const name = `node-linux-${arch.node}`;
  const folder = join(root, '.cache', 'node', `${name}-${version}`);
  const binary = join(folder, 'bin', 'node');
  if (existsSync(binary)) return binary;
  mkdirSync(dirname(folder), { recursive: true });
  const temporary = mkdtempSync(`${folder}.`);
  try {
    execFileSync('npm', ['pack', '--silent', '--pack-destination', temporary, `${name}@${version}`], {
      cwd: temporary,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const archive = join(temporary, `${name}-${version}.tgz`);
    const digest = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (digest !== integrity) throw new Error(`${name} ${version} is not what package-lock.json says it is`);
    execFileSync('tar', ['-xzf', archive, '-C', temporary, '--strip-components=1', 'package/bin/node']);
    rmSync(archive);
    if (!existsSync(folder)) renameSync(temporary, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return binary;
}

/** Without its symbols: 20 MB less, and less to map at each start. */
export function strippedNode(arch: Arch): string {
  const source = nodeFor(arch);
  const { size, mtimeMs } = statSync(source);
  const target = join(strippedCache, `node-${process.version}-${arch.node}-${size}-${Math.trunc(mtimeMs)}`);
  if (existsSync(target)) return target;
  mkdirSync(strippedCache, { recursive: true });
  const temporary = `${target}.${process.pid}`;
  const [strip, debianPackage] =
    arch === nativeArch
      ? ['strip', 'binutils']
      : [`${arch.machine}-linux-gnu-strip`, `binutils-${arch.machine.replace('_', '-')}-linux-gnu`];
  try {
    copyFileSync(source, temporary);
    // Before the blob is injected: strip rewrites the segments, and an executable stripped afterwards crashes.
    execFileSync(strip, ['--strip-all', temporary], { stdio: ['ignore', 'inherit', 'inherit'] });
    renameSync(temporary, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new Error(`${strip} is not installed: it is in the Debian package ${debianPackage}`, {
        cause: error,
      });
    }
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  return target;
}
