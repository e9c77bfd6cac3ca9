/** Blobs of an OCI image, and the tar archives that they are and that they travel in. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

/** A file of the image; a folder where it has no content. */
export interface Entry {
  /** Without a leading slash. */
  readonly path: string;
  readonly mode: number;
  readonly content?: Buffer;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export interface Blob {
  readonly descriptor: Descriptor;
  /** In the archive. */
  readonly path: string;
  readonly content: Buffer;
}

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

export function blobOf(mediaType: string, content: Buffer): Blob {
  const hex = sha256(content);
  return {
    descriptor: { mediaType, digest: `sha256:${hex}`, size: content.length },
    path: `blobs/sha256/${hex}`,
    content,
  };
}

export const jsonBlob = (mediaType: string, value: unknown): Blob =>
  blobOf(mediaType, Buffer.from(JSON.stringify(value)));

/** A layer, and the digest of its uncompressed form, by which a runtime knows it. */
export function layerOf(entries: readonly Entry[]): { readonly blob: Blob; readonly diffId: string } {
  const tar = tarOf(entries);
  // zlib writes no time into its header, so the bytes are the same each time.
  const blob = blobOf('application/vnd.oci.image.layer.v1.tar+gzip', gzipSync(tar, { level: 6 }));
  return { blob, diffId: `sha256:${sha256(tar)}` };
}

/** The archive of an image layout: blobs, and JSON documents beside them by name. */
export function archiveOf(blobs: readonly Blob[], documents: Readonly<Record<string, unknown>>): Buffer {
  // Two images may share a blob.
  const unique = [...new Map(blobs.map((blob) => [blob.path, blob])).values()];
  return tarOf([
    ...Object.entries(documents).map(([path, value]) => ({
      path,
      mode: 0o644,
      content: Buffer.from(JSON.stringify(value)),
    })),
    { path: 'blobs', mode: 0o755 },
    { path: 'blobs/sha256', mode: 0o755 },
    ...unique.map(({ path, content }) => ({ path, mode: 0o644, content })),
  ]);
}

const BLOCK = 512;

/** POSIX ustar; all of root, and of 1970: nothing of the machine that made it. */
function tarOf(entries: readonly Entry[]): Buffer {
  const parts = entries.flatMap((entry) => {
    const content = entry.content ?? Buffer.alloc(0);
    return [headerOf(entry, content.length), content, Buffer.alloc(-content.length & (BLOCK - 1))];
  });
  return Buffer.concat([...parts, Buffer.alloc(2 * BLOCK)]);
}

function headerOf({ path, mode, content }: Entry, size: number): Buffer {
  const isFolder = content === undefined;
  const name = isFolder ? `${path}/` : path;
  if (Buffer.byteLength(name) > 100) throw new Error(`${name}: longer than a tar header has room for`);
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, length: number): string => `${value.toString(8).padStart(length - 1, '0')}\0`;
  header.write(name, 0);
  header.write(octal(mode, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(size, 12), 124);
  header.write(octal(0, 12), 136);
  // The checksum is taken with blanks in its own place.
  header.write('        ', 148);
  header.write(isFolder ? '5' : '0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
