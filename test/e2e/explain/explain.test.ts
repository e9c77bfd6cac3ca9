/** `plumbline explain` beside its scripts' twins: hostile names, failures, GC, other projects' plugins, its forms. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  binDir,
  type Config,
  chain,
  createContainer,
  type Node,
  network,
  referenceDir,
  repoRoot,
  testNeeds,
} from '../../support/index.ts';
import { answerIn, explain, tryExplain } from './command.ts';

const bridged = (fields: Config = {}): Config => ({
  cniVersion: '1.1.0',
  name: 'pods',
  type: 'veth-bridge',
  bridge: 'cni0',
  isGateway: true,
  ipMasq: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: '10.88.0.0/24' }]] },
  ...fields,
});

/** What a command that changes nothing leaves alone: the kernel's part, and files. */
const stateOf = (node: Node): Promise<string> =>
  node.sh(
    "ip -o link | sort; ip -o address | sed 's/ tentative//'; ip route; nft list ruleset; find /run /var/lib/cni -printf '%p %i %T@\\n' | sort",
  );

describe('explain', () => {
  testNeeds([], 'keeps names that mean something to a shell', async ({ node, leaks }) => {
    leaks.off();
    const pod = await createContainer(node, { name: 'b\'l"u $(touch made)', id: 'c1' });
    const dataDir = `${node.dir}/it's $(touch made) \`touch made\`\nfolder`;
    const options = { ifname: 'e$(id);`x`&|<>' };
    const ranges = [[{ subnet: '10.88.0.0/24' }]];
    const config = bridged({
      bridge: 'br&`a`|<>(!~',
      ipam: { type: 'host-local', dataDir, ranges },
    });
    const run = (script: string): Promise<string> => node.sh(`cd '${node.dir}'\n${script}`);
    const script = await explain(pod, 'ADD', config, options);
    await run(script);
    const prevResult = answerIn(script);
    expect(await pod.addresses(options.ifname)).toEqual(['10.88.0.2/24']);
    const call = { ...options, container: pod, prevResult };
    expect(await chain(node, network(node, config).list, 'CHECK', call)).toMatchObject({ ok: true });
    await run(await explain(pod, 'CHECK', { ...config, prevResult }, options));
    await run(await explain(pod, 'DEL', { ...config, prevResult }, options));
    expect(await pod.link(options.ifname)).toBeUndefined();
    expect(await node.run('find', node.dir, '-name', '10.88.0.*')).toBe('');
    expect(readdirSync(node.dir)).not.toContain('made');
  });

  testNeeds([], 'fails as the call would, and changes nothing', async ({ node, leaks }) => {
    leaks.off();
    const pods = network(node, bridged());
    const pod = await createContainer(node, { name: 'blue' });
    await pods.add(pod);
    const green = await createContainer(node, { name: 'green' });
    await green.run('ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'other');
    const gone = { node, path: '/run/netns/gone', id: 'c1' };
    const state = await stateOf(node);
    const macvlan = { type: 'macvlan', master: 'nic', ipam: {} };
    const asked = { args: { cni: { ips: ['10.88.0.2'] } } };
    const cases = [
      [pod, 'ADD', bridged(), 'code 102', 'has eth0 in network "pods" already'],
      [green, 'ADD', bridged(), 'code 102', 'CNI_IFNAME: "eth0" exists in /run/netns/green already'],
      [green, 'ADD', bridged({ vlan: 5000 }), 'code 7', 'vlan: 5000, expected at most 4094'],
      [green, 'ADD', bridged(macvlan), 'code 7', 'master: there is no link "nic" on this node'],
      [gone, 'ADD', bridged(), 'code 8', 'CNI_NETNS: "/run/netns/gone" does not exist'],
      [green, 'CHECK', bridged(), 'code 7', 'prevResult: missing'],
    ] as const;
    const tmpDir = mkdtempSync(join(node.dir, 'tmp-'));
    for (const [container, command, config, code, message] of cases) {
      const { code: status, stdout, stderr } = await tryExplain(container, command, config, { tmpDir });
      expect({ status, stdout, stderr }).toEqual({
        status: 1,
        stdout: '',
        stderr: expect.stringContaining(message),
      });
      expect(stderr).toContain(`(${code}`);
    }
    // An address that somebody has, asked for by a container that has none of this name.
    const taken = await tryExplain(green, 'ADD', bridged(asked), { ifname: 'eth1', tmpDir });
    expect(taken).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`reserved by container ${pod.id}`),
    });
    expect(readdirSync(tmpDir)).toEqual([]);
    expect(await stateOf(node)).toBe(state);
    // No folder can be copied into itself: what has been made of the copy is taken away.
    expect(await tryExplain(green, 'ADD', bridged(), { tmpDir: '/run/plumbline' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('/run/plumbline cannot be copied'),
    });
    expect(await node.run('find', '/run/plumbline', '-name', 'plumbline-explain-*')).toBe('');
  });

  testNeeds([], 'has its copies elsewhere where the memory for them is full', async ({ node, leaks }) => {
    leaks.off();
    const pods = network(node, bridged());
    await pods.add(await createContainer(node, { name: 'blue' }));
    const green = await createContainer(node, { name: 'green' });
    const argv = [join(binDir, 'plumbline'), 'explain', '--netns', green.path];
    const small = 'mount -t tmpfs -o size=4k tmpfs /dev/shm && exec "$@"';
    const told = await node.exec(['unshare', '--mount', 'sh', '-c', small, 'sh', ...argv], {
      input: JSON.stringify(bridged()),
      env: { CNI_PATH: binDir, TMPDIR: '' },
    });
    expect(told).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('10.88.0.3/24') });
  });

  testNeeds([], 'GC: takes away what no attachment holds, and nothing else', async ({ node, leaks }) => {
    leaks.off();
    const pods = network(node, bridged());
    const [blue, green] = [
      await createContainer(node, { name: 'blue' }),
      await createContainer(node, { name: 'green' }),
    ];
    const [first, lost] = [await pods.add(blue), await pods.add(green)];
    const valid = [{ containerID: blue.id, ifname: 'eth0' }];
    const state = await stateOf(node);
    const script = await explain(blue, 'GC', bridged({ 'cni.dev/valid-attachments': valid }));
    expect(await stateOf(node)).toBe(state);
    // By an option as well as by the config.
    const kept = await explain(blue, 'GC', bridged(), { more: ['--keep', `${blue.id}/eth0`] });
    expect(kept).toBe(script);
    await node.sh(script);
    await pods.check(blue);
    const left = await node.sh('ip -o link; nft list ruleset; find /var/lib/cni /run/plumbline');
    expect(left).toContain(first.interfaces?.[1]?.name);
    expect(left).not.toContain(lost.interfaces?.[1]?.name);
    expect(left).not.toContain('10.88.0.3');
    // Nothing is left to do.
    expect(await explain(blue, 'GC', bridged({ 'cni.dev/valid-attachments': valid }))).not.toMatch(
      /^(?!#)\S+ .*(?:link delete|nft|rm)/m,
    );
  });

  testNeeds(
    ['reference'],
    "shows other projects' plugins as the calls that they are",
    async ({ node, leaks }) => {
      leaks.off();
      const pod = await createContainer(node, { name: 'blue', id: 'c1' });
      const state = await stateOf(node);
      const script = await explain(
        pod,
        'ADD',
        bridged({ isGateway: false, ipMasq: false, ipam: { type: 'dhcp' } }),
      );
      expect(await stateOf(node)).toBe(state);
      expect(script).toMatch(
        new RegExp(
          `^CNI_COMMAND=ADD CNI_CONTAINERID=c1 CNI_NETNS=/run/netns/blue .*${referenceDir}/dhcp <<'EOF'\n`,
          'ms',
        ),
      );
      expect(script).toMatch(
        /^# From here on the answer of dhcp decides: 192\.0\.2\.2\/24 .*\n(?:# .*\n)*exit 1\n/m,
      );
      // static says what its config says: it is asked.
      const addresses = [{ address: '10.88.0.77/24' }];
      const still = await explain(
        pod,
        'ADD',
        bridged({ cniVersion: '1.0.0', ipMasq: false, ipam: { type: 'static', addresses } }),
      );
      await node.sh(still);
      expect(await pod.addresses('eth0')).toEqual(['10.88.0.77/24']);
    },
  );

  testNeeds([], 'takes a network by its name or its file, and answers as JSON', async ({ node, leaks }) => {
    leaks.off();
    const pod = await createContainer(node, { name: 'blue', id: 'c1' });
    const folder = join(node.dir, 'net.d');
    mkdirSync(folder);
    const file = join(folder, '10-pods.conf');
    writeFileSync(file, JSON.stringify(bridged({ ipMasq: false })));
    const of = (...more: readonly string[]) => tryExplain(pod, 'ADD', {}, { more });
    const scripts = [await of('--network', 'pods', '--net-d', folder), await of('--network', file)];
    for (const { code, stdout } of scripts) {
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: expect.stringMatching(/^# Address: 10\.88\.0\.2\/24/m),
      });
    }
    const { stdout } = await of('--network', file, '--json');
    const told = JSON.parse(stdout) as {
      steps: readonly { shell: string; comment: string; argv?: readonly string[] }[];
    };
    expect(told).toMatchObject({
      network: 'pods',
      command: 'ADD',
      containerId: 'c1',
      netns: '/run/netns/blue',
    });
    expect(told.steps.map(({ argv }) => argv)).toContainEqual(['ip', 'link', 'set', 'dev', 'eth0', 'up']);
    // The steps are the script.
    await node.sh(['set -eu', ...told.steps.map(({ shell }) => shell)].join('\n'));
    expect(await pod.addresses('eth0')).toEqual(['10.88.0.2/24']);
    const missing = await of('--network', 'podz', '--net-d', folder);
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringContaining('did you mean pods?') });
  });

  testNeeds([], 'prints the example of its document', async ({ node, outside }) => {
    expect(outside.uplink).toBe('uplink');
    await createContainer(node, { name: 'blue' });
    const file = join(repoRoot, 'conf-examples/macvlan/bridge.conflist');
    const argv = [join(binDir, 'plumbline'), 'explain', '--netns', 'blue', '--network', file];
    const { code, stdout } = await node.exec([...argv, '--bin-dir', binDir]);
    const text = readFileSync(join(repoRoot, 'docs/explain.md'), 'utf8');
    const [, example] = /^```text\n(#!\/bin\/sh\n.*?)^```$/ms.exec(text) ?? [];
    expect({ code, stdout: anywhere(stdout) }).toEqual({
      code: 0,
      stdout: anywhere(example?.trimEnd() ?? ''),
    });
  });
});

/** A script without what is the machine's or by chance. */
function anywhere(script: string): string {
  return script
    .replaceAll(/\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b/g, '<MAC>')
    .replaceAll(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<boot>')
    .replaceAll(/\bboot\.[0-9a-f]{16}\b/g, 'boot.<machine>')
    .replaceAll(/^machine .*$/gm, 'machine <machine>');
}
