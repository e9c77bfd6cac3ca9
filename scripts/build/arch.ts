import { join } from 'node:path';

/** The processors that plumbline is built for, and what each is called where. */
export interface Arch {
  /** As Node, npm and esbuild call it. */
  readonly node: 'x64' | 'arm64';
  /** As Go, OCI images and Kubernetes call it. */
  readonly oci: 'amd64' | 'arm64';
  /** As the kernel, Debian's tools and QEMU call it. */
  readonly machine: 'x86_64' | 'aarch64';
  /** The loader that its executables name. */
  readonly loader: string;
}

const arches: readonly Arch[] = [
  { node: 'x64', oci: 'amd64', machine: 'x86_64', loader: '/lib64/ld-linux-x86-64.so.2' },
  { node: 'arm64', oci: 'arm64', machine: 'aarch64', loader: '/lib/ld-linux-aarch64.so.1' },
];

/** By any of its names. */
export function findArch(name: string): Arch {
  const arch = arches.find(({ node, oci, machine }) => [node, oci, machine].some((word) => word === name));
  if (arch !== undefined) return arch;
  throw new Error(
    `there is no build for ${name}; there is one for ${arches.map(({ oci }) => oci).join(', ')}`,
  );
}

/** This machine's. */
export const nativeArch: Arch = findArch(process.arch);

/** Where Debian's packages for cross-building (libc6-arm64-cross and others) put the libraries of another processor. */
export const crossRoot = (arch: Arch): string => `/usr/${arch.machine}-linux-gnu`;

/** What is in the executable beside the program: Node, by pkg, or Bun. */
export type Runtime = 'node' | 'bun';

export function findRuntime(name: string): Runtime {
  if (name === 'node' || name === 'bun') return name;
  throw new Error(`there is no build by ${name}; there is one by node and one by bun`);
}

/** Where `make build` puts the executables; those of Node, and this machine's, have the plain name. */
export const binFolder = (arch: Arch, runtime: Runtime = 'node'): string =>
  join('dist', runtime === 'bun' ? 'bun' : '', arch === nativeArch ? '' : arch.oci, 'bin');
