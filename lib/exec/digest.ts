/** Hashes for names and labels, and random bytes for MAC addresses. */
import { runtime } from '#runtime';

/** A call asks for those of its network, its attachment and the machine again and again. */
const known = new Map<string, string>();
/** GC asks for those of all containers, each once. */
const mostKnown = 64;

/** The first `length` hexadecimal digits of the SHA-256 of the parts, joined by NUL, which no part can hold. */
export function digest(length: number, ...parts: readonly string[]): string {
  const text = parts.join('\0');
  const before = known.get(text);
  if (before !== undefined) return before.slice(0, length);
  if (known.size === mostKnown) known.clear();
  const hash = runtime.hash('sha256', text);
  known.set(text, hash);
  return hash.slice(0, length);
}

/** A random MAC address, unicast and locally administered (IEEE 802: bit 1 of the first byte set, bit 0 clear). */
export function randomMac(): string {
  const bytes = runtime.randomBytes(6);
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?!$)/g, '$&:');
}
