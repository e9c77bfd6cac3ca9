/**
 * Writes an OCI image archive, without a registry and without a container engine: one layer with the executable and the
 * libraries that it needs, and nothing else. The same inputs give the same bytes.
 *
 * Usage: node scripts/image.ts [--runtime bun] [--arch amd64]... [--out FILE]
 *        node scripts/image.ts [--runtime bun] [--arch amd64] --tree DIR    its files in a folder, for a Dockerfile
 *
 * The archive can be loaded by `ctr images import`, `podman load`, `docker load` and `skopeo copy oci-archive:FILE`.
 * Source: OCI Image Format Specification 1.1.
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Arch, binFolder, findArch, findRuntime, nativeArch } from './build/arch.ts';
import { archiveOf, type Blob, type Entry, jsonBlob, layerOf } from './image/archive.ts';
import { filesOf } from './image/files.ts';

const root = dirname(import.meta.dirname);

/** `localhost`: no runtime looks for it in a registry. */
const REPOSITORY = 'localhost/plumbline';

const description = 'CNI plugins for Linux bridges, Open vSwitch, macvlan, ipvlan and SR-IOV';

const { values } = parseArgs({
  options: {
    arch: { type: 'string', multiple: true, default: [nativeArch.oci] },
    out: { type: 'string' },
    runtime: { type: 'string', default: 'node' },
    tree: { type: 'string' },
  },
});
const arches = values.arch.map(findArch);
const runtime = findRuntime(values.runtime);

interface Image {
  readonly arch: Arch;
  readonly manifest: Blob;
  readonly config: Blob;
  readonly layer: Blob;
}

const filesIn = (arch: Arch): readonly Entry[] =>
  filesOf(arch, join(root, binFolder(arch, runtime), 'plumbline'), root);

function writeTree(folder: string, entries: readonly Entry[]): void {
  mkdirSync(folder, { recursive: true });
  for (const { path, mode, content } of entries) {
    if (content === undefined) mkdirSync(join(folder, path), { mode });
    else writeFileSync(join(folder, path), content, { mode });
  }
}

function imageOf(arch: Arch, version: string): Image {
  const { blob: layer, diffId } = layerOf(filesIn(arch));
  const labels = {
    'org.opencontainers.image.title': 'plumbline',
    'org.opencontainers.image.description': description,
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.licenses': 'Apache-2.0',
  };
  const config = jsonBlob('application/vnd.oci.image.config.v1+json', {
    architecture: arch.oci,
    os: 'linux',
    config: { Entrypoint: ['/plumbline'], Cmd: ['--help'], Env: ['PATH=/'], WorkingDir: '/', Labels: labels },
    rootfs: { type: 'layers', diff_ids: [diffId] },
    history: [{ created_by: 'scripts/image.ts' }],
  });
  const manifest = jsonBlob('application/vnd.oci.image.manifest.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    config: config.descriptor,
    layers: [layer.descriptor],
    annotations: labels,
  });
  return { arch, manifest, config, layer };
}

function archive(images: readonly Image[], version: string): Buffer {
  const name = `${REPOSITORY}:${version}`;
  const manifests = images.map(({ arch, manifest }) => ({
    ...manifest.descriptor,
    platform: { architecture: arch.oci, os: 'linux' },
  }));
  const list = jsonBlob('application/vnd.oci.image.index.v1+json', {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests,
  });
  const [first] = images;
  if (first === undefined) throw new Error('no architecture is named');
  const top = images.length === 1 ? first.manifest.descriptor : list.descriptor;
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      {
        ...top,
        annotations: {
          'io.containerd.image.name': name,
          'org.opencontainers.image.ref.name': version,
        },
      },
    ],
  };
  const blobs = images.flatMap(({ layer, config, manifest }) => [layer, config, manifest]);
  const native = images.find(({ arch }) => arch === nativeArch) ?? first;
  return archiveOf([...blobs, ...(images.length === 1 ? [] : [list])], {
    'oci-layout': { imageLayoutVersion: '1.0.0' },
    'index.json': index,
    // What docker reads that is older than the specification.
    'manifest.json': [{ Config: native.config.path, RepoTags: [name], Layers: [native.layer.path] }],
  });
}

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

if (values.tree === undefined) {
  const name = `plumbline-${version}${runtime === 'bun' ? '-bun' : ''}-${arches.map(({ oci }) => oci).join('-')}.tar`;
  const out = resolve(values.out ?? join(root, 'dist', 'image', name));
  const images = arches.map((arch) => imageOf(arch, version));
  const temporary = `${out}.${process.pid}`;
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(temporary, archive(images, version));
  renameSync(temporary, out);
  console.log(`${REPOSITORY}:${version} is in ${out}`);
} else {
  const [arch = nativeArch] = arches;
  rmSync(values.tree, { recursive: true, force: true });
  writeTree(values.tree, filesIn(arch));
}
