/** The image: made without a registry, loaded into containerd, run as the DaemonSet runs it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { nativeArch } from '../../../scripts/build/arch.ts';
import { add, createContainer, del, expectPing, repoRoot, test } from '../../support/index.ts';
import { describeUnless, missing } from './needs.ts';

const scratch = mkdtempSync(join(tmpdir(), 'plumbline-image-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const archive = join(scratch, 'image.tar');
const { version } = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')) as { version: string };

function makeImage(...args: readonly string[]): void {
  execFileSync(join(repoRoot, 'node_modules/.bin/node'), ['scripts/image.ts', ...args], { cwd: repoRoot });
}

beforeAll(() => makeImage('--out', archive));

function inArchive(path: string): Buffer {
  return execFileSync('tar', ['-xOf', archive, path], { maxBuffer: 1 << 28 });
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}
const blob = ({ digest }: Descriptor): Buffer => inArchive(`blobs/${digest.replace(':', '/')}`);

describe('the archive', () => {
  test('is an OCI layout whose digests and sizes are right', async () => {
    const index = JSON.parse(inArchive('index.json').toString()) as { manifests: Descriptor[] };
    const manifest = JSON.parse(blob(index.manifests[0]!).toString()) as {
      config: Descriptor;
      layers: Descriptor[];
    };
    for (const descriptor of [index.manifests[0]!, manifest.config, ...manifest.layers]) {
      const content = blob(descriptor);
      expect(content.length).toBe(descriptor.size);
      const { stdout } = await execa('sha256sum', { input: content });
      expect(stdout.split(' ')[0]).toBe(descriptor.digest.replace('sha256:', ''));
    }
    expect(JSON.parse(blob(manifest.config).toString())).toMatchObject({
      architecture: nativeArch.oci,
      os: 'linux',
      config: { Entrypoint: ['/plumbline'] },
    });
  });

  test('is the same, byte for byte, when it is made again', () => {
    const second = join(scratch, 'second.tar');
    makeImage('--out', second);
    expect(readFileSync(second).equals(readFileSync(archive))).toBe(true);
  });
});

test('its files are enough to run the executable, with nothing else in sight', () => {
  const tree = join(scratch, 'tree');
  makeImage('--tree', tree);
  const run = (...args: readonly string[]): string =>
    execFileSync('/usr/sbin/chroot', [tree, '/plumbline', ...args], { encoding: 'utf8', env: {} });
  expect(run('--version')).toBe(`plumbline ${version}\n`);
  expect(run('netconf', '--help')).toContain('--pod-cidrs');
});

const absent = [
  ...missing('containerd', 'apt-get install containerd'),
  ...missing('ctr', 'apt-get install containerd'),
  ...missing('runc', 'apt-get install runc'),
];

/** containerd's own folders, and /run, where its shims have their sockets, are this script's alone. */
const script = `
  folder=$1 image=$2
  mount -t tmpfs tmpfs /run
  printf 'version = 2\nroot = "%s/root"\nstate = "/run/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "/run/c.sock"\n' \
    "$folder" >"$folder/config.toml"
  containerd --config "$folder/config.toml" >"$folder/log" 2>&1 &
  ctr() { command ctr --address /run/c.sock --namespace "$(basename "$folder")" "$@"; }
  tries=0
  until ctr version >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ "$tries" -lt 300 ] || { cat "$folder/log" >&2; exit 1; }
    sleep 0.1
  done
  ctr images import --snapshotter native "$image" >&2
  # As the DaemonSet: a file system that is read only, and none of root's capabilities.
  drop=
  for capability in chown dac_override fsetid fowner mknod net_raw setgid setuid setfcap setpcap net_bind_service \
    sys_chroot kill audit_write; do
    drop="$drop --cap-drop CAP_$(echo "$capability" | tr a-z A-Z)"
  done
  container() {
    name=$1
    shift
    ctr run --rm --snapshotter native --read-only $drop \
      --mount "type=bind,src=$folder/bin,dst=/host/opt/cni/bin,options=rbind:rw" \
      --mount "type=bind,src=$folder/net.d,dst=/host/etc/cni/net.d,options=rbind:rw" \
      --mount "type=bind,src=$folder/config,dst=/config,options=rbind:ro" \
      "$reference" "$name" /plumbline "$@"
  }
  reference=localhost/plumbline:$3
  mkdir "$folder/bin" "$folder/net.d" "$folder/config"
  cp "$4" "$folder/config/10-plumbline.conflist"
  container install install --bin-dir /host/opt/cni/bin
  container netconf netconf --from /config --to /host/etc/cni/net.d --pod-cidrs 10.244.3.0/24
  # containerd leaves the folders of its namespace among the control groups.
  find /sys/fs/cgroup -maxdepth 2 -type d -name "$(basename "$folder")" -exec rmdir {} +
`;

describeUnless(absent, 'in containerd', () => {
  const folder = mkdtempSync(join(scratch, 'containerd-'));
  const template = join(repoRoot, 'deploy/bridge/10-plumbline.conflist');
  let said = '';
  beforeAll(async () => {
    const own = ['--mount', '--propagation', 'private', '--pid', '--fork', '--kill-child', '--mount-proc'];
    const args = ['sh', folder, archive, version, template];
    said = (await execa('unshare', [...own, 'sh', '-euc', script, ...args])).stdout;
  });

  test('the container installs the plugins and the config of the node', () => {
    expect(said).toContain(`/host/opt/cni/bin/plumbline: installed ${version}`);
    expect(said).toContain('/host/etc/cni/net.d/10-plumbline.conflist: written');
  });

  test('the plugins it installed serve an ADD of the config it wrote', async ({ node }) => {
    const list = JSON.parse(readFileSync(join(folder, 'net.d/10-plumbline.conflist'), 'utf8')) as {
      readonly cniVersion: string;
      readonly name: string;
      readonly plugins: readonly (Record<string, unknown> & { readonly ipam: object })[];
    };
    const { cniVersion, name } = list;
    const plugin = list.plugins[0]!;
    const binDir = join(folder, 'bin');
    const ipam = { ...plugin.ipam, dataDir: node.dataDir };
    const config = { ...plugin, cniVersion, name, ipam };
    const container = await createContainer(node);
    const call = { config, container, binDir, path: [binDir] };
    const result = await add(node, call);
    expect(result.ips?.[0]?.address).toBe('10.244.3.2/24');
    await expectPing(container, '10.244.3.1');
    await del(node, { ...call, config: { ...config, prevResult: result } });
  });
});
