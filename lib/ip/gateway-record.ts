/**
 * Which addresses of a bridge plumbline has set, so that forceAddress never removes another one.
 *
 * The kernel cannot tell (IFA_PROTO is newer than many nodes' kernels), so empty files below /run do: they live as
 * long as the bridge can, until the next boot. The bridge's own index and MAC address are part of the name, so that a
 * bridge made anew under an old name does not inherit.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { inRunDir, makeFolder } from '../exec/folder.ts';
import type { Host } from '../exec/host.ts';
import type { LinkInfo } from './read.ts';

function recordOf(host: Host, link: LinkInfo, cidr: string): string {
  const owner = `${link.ifname}-${link.ifindex}-${link.address ?? ''}`;
  return `${host.runDir}/gateways/${owner}/${cidr.replace('/', '_')}`;
}

/** Noted before the address is set: a note without an address does no harm, an address without a note would stay. */
export function rememberAddress(host: Host, link: LinkInfo, cidr: string): void {
  const path = recordOf(host, link, cidr);
  inRunDir(path, () => {
    makeFolder(path.slice(0, path.lastIndexOf('/')), 0o700);
    writeFileSync(path, '');
  });
}

export function isOurAddress(host: Host, link: LinkInfo, cidr: string): boolean {
  return existsSync(recordOf(host, link, cidr));
}
