/** `plumbline netconf` as it is typed: files in, files out, and a server in the place of Kubernetes. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../../../../cli/index.ts';
import { readPodCidrs } from '../../../../cli/netconf/node.ts';
import { hasOpenssl, makeCertificate, startKubernetes } from '../../../support/kubernetes.ts';

let root = '';
let from = '';
let to = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'plumbline-netconf-'));
  from = join(root, 'templates');
  to = join(root, 'host/etc/cni/net.d');
  mkdirSync(from);
});
afterEach(() => rmSync(root, { recursive: true }));

async function netconf(...args: readonly string[]) {
  const text = { stdout: '', stderr: '' };
  const io = {
    stdout: { write: (line: string) => (text.stdout += line) },
    stderr: { write: (line: string) => (text.stderr += line) },
  };
  return { code: await runCli(['netconf', '--from', from, '--to', to, ...args], io), ...text };
}

const template = {
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    {
      type: 'veth-bridge',
      isDefaultGateway: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: 'podCIDR' }]] },
    },
  ],
};
const put = (name: string, content: unknown): void =>
  writeFileSync(join(from, name), typeof content === 'string' ? content : JSON.stringify(content));

const rangesOf = (name: string): unknown =>
  (JSON.parse(readFileSync(join(to, name), 'utf8')) as typeof template).plugins[0]?.ipam.ranges;

describe('files', () => {
  test('are written for root alone, and left as they are when nothing has changed', async () => {
    put('10-pods.conflist', template);
    const first = await netconf('--pod-cidrs', '10.244.3.0/24');
    const path = join(to, '10-pods.conflist');
    expect(first).toEqual({ code: 0, stdout: `${path}: written, from ${from}\n`, stderr: '' });
    expect(rangesOf('10-pods.conflist')).toEqual([[{ subnet: '10.244.3.0/24' }]]);
    const { ino, mode } = statSync(path);
    expect(mode & 0o777).toBe(0o600);
    expect(await netconf('--pod-cidrs', '10.244.3.0/24')).toEqual({
      code: 0,
      stdout: `${to}: nothing to change\n`,
      stderr: '',
    });
    expect(statSync(path).ino).toBe(ino);
    chmodSync(path, 0o644);
    await netconf('--pod-cidrs', '10.244.3.0/24');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(to)).toEqual(['10-pods.conflist']);
  });

  test('come out of a ConfigMap, whose files are links, and what is no config is passed over', async () => {
    mkdirSync(join(from, '..2026'));
    writeFileSync(join(from, '..2026', '10-pods.conflist'), JSON.stringify(template));
    symlinkSync('..2026', join(from, '..data'));
    symlinkSync('..data/10-pods.conflist', join(from, '10-pods.conflist'));
    put('README', 'no config');
    expect((await netconf('--pod-cidrs', '10.244.3.0/24,fd00::/64')).code).toBe(0);
    expect(readdirSync(to)).toEqual(['10-pods.conflist']);
    expect(rangesOf('10-pods.conflist')).toEqual([[{ subnet: '10.244.3.0/24' }], [{ subnet: 'fd00::/64' }]]);
  });

  test('of which one is wrong: none is written, and each fault is told', async () => {
    put('10-pods.conflist', template);
    put('20-broken.conflist', {
      ...template,
      plugins: [
        { type: 'ovs', vlan: 5000 },
        { type: 'macvlan', mode: 'x' },
      ],
    });
    const { code, stderr } = await netconf('--pod-cidrs', '10.244.3.0/24');
    expect(code).toBe(1);
    expect(stderr).toMatch(/20-broken\.conflist: plugins\[0\]\.vlan/);
    expect(stderr).toMatch(/20-broken\.conflist: plugins\[1\]\.mode/);
    expect(existsSync(to)).toBe(false);
  });

  test('that is no JSON is told by its name', async () => {
    put('10-pods.conflist', '{"name": ');
    const { code, stderr } = await netconf('--pod-cidrs', '10.244.3.0/24');
    expect(code).toBe(1);
    expect(stderr).toMatch(/10-pods\.conflist is not valid JSON/);
  });

  test('an empty folder is nothing to do: only the plugins are wanted', async () => {
    expect(await netconf('--node', 'worker-1')).toMatchObject({ code: 0, stderr: '' });
  });

  test('a folder that is not there is told', async () => {
    rmSync(from, { recursive: true });
    expect(await netconf('--node', 'worker-1')).toMatchObject({ code: 1 });
  });
});

test.each([
  [[], /a template asks for podCIDR: --node or --pod-cidrs is missing/, 1],
  [['--node', 'a', '--pod-cidrs', '10.0.0.0/24'], /exclude each other/, 2],
  [['--node', ''], /name is empty/, 2],
  [['--no-such'], /--no-such/, 2],
  [['--node', 'worker-1'], /KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set/, 1],
])('%j', async (args, says, status) => {
  put('10-pods.conflist', template);
  const { code, stderr } = await netconf(...args);
  expect(stderr).toMatch(says);
  expect(code).toBe(status);
});

describe.skipIf(!hasOpenssl)(`Kubernetes${hasOpenssl ? '' : ' [missing openssl]'}`, () => {
  const answering = (status: number, body: unknown) =>
    startKubernetes(join(root, 'account'), () => ({ status, body }));

  test('is asked for the node, with the token of the service account', async () => {
    const spec = { podCIDR: '10.244.3.0/24', podCIDRs: ['10.244.3.0/24', 'fd00::/64'] };
    using kubernetes = await answering(200, { kind: 'Node', spec });
    expect(await readPodCidrs(kubernetes.cluster, 'worker-1')).toEqual(['10.244.3.0/24', 'fd00::/64']);
    expect(kubernetes.asked).toEqual([['GET', '/api/v1/nodes/worker-1', 'Bearer a.b.c']]);
  });

  test.each([
    [403, {}, /refuses it \(403\): the service account needs "get" on "nodes"/],
    [404, {}, /does not know it/],
    [500, { message: 'etcd is down' }, /answers 500: .*etcd is down/],
    [200, { spec: {} }, /worker-1 has no pod CIDR: kube-controller-manager gives them/],
  ])('an answer of %i: %j', async (status, body, says) => {
    using kubernetes = await answering(status, body);
    await expect(readPodCidrs(kubernetes.cluster, 'worker-1')).rejects.toThrow(says);
  });

  test('a server with a certificate of another authority is not told the token', async () => {
    using kubernetes = await answering(200, {});
    const { cluster, asked } = kubernetes;
    makeCertificate(join(root, 'other.key'), join(cluster.account, 'ca.crt'));
    await expect(readPodCidrs(cluster, 'worker-1')).rejects.toThrow(/the Kubernetes API at 127\.0\.0\.1/);
    expect(asked).toEqual([]);
  });

  test('one that is not there is told by its address', async () => {
    const { cluster } = await answering(200, {}).then((kubernetes) => {
      kubernetes[Symbol.dispose]();
      return kubernetes;
    });
    await expect(readPodCidrs(cluster, 'worker-1')).rejects.toThrow(/127\.0\.0\.1:\d+: .*ECONNREFUSED/);
  });
});
