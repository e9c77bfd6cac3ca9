/**
 * The Node binary to build upon: this very one for this processor, and for another one the same version, fetched as the
 * npm package that package-lock.json pins.
 */
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { type Arch, nativeArch } from './arch.ts';
import { fetchProgram, lockedPackage } from './package.ts';
import { sealNode, sealVersion } from './seal.ts';
import { trimNode, trimVersion } from './trim.ts';

const root = dirname(dirname(import.meta.dirname));
const baseCache = join(root, 'node_modules', '.cache', 'plumbline');

/** A Node binary with its symbols. */
export function nodeFor(arch: Arch): string {
  return arch === nativeArch ? process.execPath : fetchNode(arch);
}

function fetchNode(arch: Arch): string {
  const name = `node-linux-${arch.node}`;
  const { version } = lockedPackage(name);
  if (`v${version}` !== process.version) {
    // The blob and the Node that reads it have to be of one version.
    throw new Error(`package-lock.json has Node ${version} for ${arch.oci}, and this is ${process.version}`);
  }
  return fetchProgram(name, 'bin/node', 'node');
}

/**
 * What the executable has of Node: without its symbols (20 MB less to map at each start), sealed (seal.ts), and without work
 * that is of no use (trim.ts).
 */
export function baseNode(arch: Arch): string {
  const source = nodeFor(arch);
  const { size, mtimeMs } = statSync(source);
  const target = join(
    baseCache,
    `node-${process.version}-${arch.node}-${sealVersion}-${trimVersion}-${size}-${Math.trunc(mtimeMs)}`,
  );
  if (existsSync(target)) return target;
  mkdirSync(baseCache, { recursive: true });
  const temporary = `${target}.${process.pid}`;
  const [prefix, debianPackage] =
    arch === nativeArch
      ? ['', 'binutils']
      : [`${arch.machine}-linux-gnu-`, `binutils-${arch.machine.replace('_', '-')}-linux-gnu`];
  try {
    copyFileSync(source, temporary);
    // Before the blob is injected: strip rewrites the segments, and an executable stripped afterwards crashes.
    execFileSync(`${prefix}strip`, ['--strip-all', temporary], { stdio: ['ignore', 'inherit', 'inherit'] });
    const binary = readFileSync(temporary);
    sealNode(binary);
    trimNode(binary, arch, `${prefix}nm`, source);
    writeFileSync(temporary, binary);
    renameSync(temporary, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      throw new Error(`${prefix}strip is not installed: it is in the Debian package ${debianPackage}`, {
        cause: error,
      });
    }
    throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  return target;
}
