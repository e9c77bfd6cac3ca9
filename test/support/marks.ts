/** Texts by which an attachment could be found in what a plugin leaves behind. */
import { createHash } from 'node:crypto';

/** What of a container's ID remains where it is cut short: comments of nft hold 128 bytes. */
export function markOf(containerId: string): string {
  return containerId.slice(0, 16);
}

/** Hashes by which plumbline and the reference plugins name an attachment, cut to the shortest form in use. */
export function attachmentMarks(network: string, containerId: string, ifname: string): readonly string[] {
  const hex = (algorithm: string, ...parts: readonly string[]): string =>
    createHash(algorithm).update(parts.join('')).digest('hex');
  return [
    hex('sha256', network, '\0', containerId, '\0', ifname).slice(0, 11),
    hex('sha256', containerId, '\0', ifname).slice(0, 11),
    // The reference's FormatChainName.
    hex('sha512', network, containerId).slice(0, 24),
  ];
}
