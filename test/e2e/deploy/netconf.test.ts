/** `plumbline netconf --watch` as the DaemonSet runs it: the built executable, beside a server in the place of Kubernetes. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { startKubernetes } from '../../support/kubernetes.ts';
import { binDir } from '../../support/paths.ts';
import { describeUnless, missing } from './needs.ts';

describeUnless(missing('openssl', 'apt-get install openssl'), 'plumbline netconf --watch', () => {
  const root = mkdtempSync(join(tmpdir(), 'plumbline-watch-'));
  afterAll(() => rmSync(root, { recursive: true }));
  const [from, to] = [join(root, 'config'), join(root, 'net.d')];
  const file = join(to, '10-pods.conflist');
  const put = (bridge: string): void => {
    const ipam = { type: 'host-local', ranges: [[{ subnet: 'podCIDR' }]] };
    const config = { cniVersion: '1.0.0', name: 'pods', plugins: [{ type: 'veth-bridge', bridge, ipam }] };
    writeFileSync(join(from, '10-pods.conflist'), JSON.stringify(config));
  };

  test('waits for the pod CIDR, writes, keeps what is there when the ConfigMap is wrong, and ends on SIGTERM', async () => {
    mkdirSync(from);
    put('cni0');
    let spec: object = {};
    using kubernetes = await startKubernetes(join(root, 'account'), () => ({ status: 200, body: { spec } }));
    const { host, port, account } = kubernetes.cluster;
    const options = [
      '--watch',
      '--from',
      from,
      '--to',
      to,
      '--node',
      'worker-1',
      '--service-account',
      account,
    ];
    // In a process namespace of its own, as in a container: the first process gets no signal that it has not asked for.
    const isolate = ['--pid', '--fork', '--kill-child=KILL'];
    const child = spawn('unshare', [...isolate, join(binDir, 'plumbline'), 'netconf', ...options], {
      env: {
        PATH: process.env['PATH'],
        KUBERNETES_SERVICE_HOST: host,
        KUBERNETES_SERVICE_PORT: String(port),
      },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
    const soon = { timeout: 30_000, interval: 200 };
    try {
      await vi.waitFor(() => expect(said).toContain('worker-1 has no pod CIDR'), soon);
      expect(existsSync(to)).toBe(false);
      spec = { podCIDRs: ['10.244.3.0/24'] };
      await vi.waitFor(() => expect(readFileSync(file, 'utf8')).toContain('"subnet": "10.244.3.0/24"'), soon);
      await vi.waitFor(() => expect(said).toContain('all is well again'), soon);
      // What the next look finds is wrong: it is told, and changes nothing.
      put('far too long a name');
      await vi.waitFor(() => expect(said).toContain('plugins[0].bridge'), soon);
      expect(readFileSync(file, 'utf8')).toContain('"cni0"');
      expect(kubernetes.asked).toHaveLength(2);
      const pid = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim();
      const ended = once(child, 'exit');
      process.kill(Number(pid), 'SIGTERM');
      expect(await ended).toEqual([0, null]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
