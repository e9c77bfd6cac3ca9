/** An image without a registry: one static busybox, which is a pod's pause program and all that runs in it. */
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { findProgram } from './paths.ts';

/** By which containerd knows it; the host is one that nobody has (RFC 6761). */
export const busyboxImage = 'plumbline.test/busybox:1';

const applets = ['cat', 'httpd', 'ip', 'ls', 'nc', 'ping', 'sh', 'sleep', 'wget'];

/** Path of a busybox that needs no libraries, or undefined. */
export function findStaticBusybox(): string | undefined {
  const path = findProgram('busybox');
  // A dynamic executable names its loader in its first page.
  return path === undefined || readFileSync(path).subarray(0, 4096).includes('/ld-') ? undefined : path;
}

/**
 * Writes the image as an archive in the form of `docker save`, for `ctr images import`.
 * @param folder where it may work
 * @returns the archive's path
 */
export async function buildBusyboxImage(folder: string): Promise<string> {
  const busybox = findStaticBusybox();
  if (busybox === undefined) throw new Error('there is no static busybox');
  const rootfs = join(folder, 'rootfs');
  for (const name of ['bin', 'dev', 'etc', 'proc', 'sys', 'tmp'])
    mkdirSync(join(rootfs, name), { recursive: true });
  copyFileSync(busybox, join(rootfs, 'bin/busybox'));
  for (const applet of applets) symlinkSync('busybox', join(rootfs, 'bin', applet));
  const layer = join(folder, 'layer.tar');
  await execa('tar', ['--owner=0', '--group=0', '-C', rootfs, '-cf', layer, '.']);
  const digest = createHash('sha256').update(readFileSync(layer)).digest('hex');
  const config = {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    // Some days: tests end before that.
    config: { Entrypoint: ['/bin/sleep', '1000000'], Env: ['PATH=/bin'] },
    rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
  };
  const manifest = [{ Config: 'config.json', RepoTags: [busyboxImage], Layers: ['layer.tar'] }];
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest));
  const archive = join(folder, 'busybox.tar');
  await execa('tar', ['-C', folder, '-cf', archive, 'manifest.json', 'config.json', 'layer.tar']);
  rmSync(rootfs, { recursive: true });
  return archive;
}
