/**
 * Calls made while the executable is built, so that the snapshot holds filled caches and functions that have run: ADD,
 * CHECK and DEL of each plugin with host-local, dual stack, against a made-up kernel.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PLUGIN_NAMES } from '../cli/executable.ts';
import { serve } from '../lib/cni/serve.ts';
import type { Host } from '../lib/exec/host.ts';
import { type Arg, type Runner, realRunner } from '../lib/exec/runner.ts';
import { realHost } from '../lib/ip/real-host.ts';
import { loadPlugin } from '../plugins/load.ts';

const link = {
  ifindex: 2,
  flags: ['BROADCAST', 'UP', 'LOWER_UP'],
  mtu: 1500,
  operstate: 'UP',
  address: '02:00:00:00:00:01',
};
const bridge = {
  ...link,
  ifname: 'cni0',
  linkinfo: { info_kind: 'bridge', info_data: { vlan_filtering: 0 } },
  addr_info: [
    { family: 'inet', local: '10.1.0.1', prefixlen: 16, scope: 'global' },
    { family: 'inet6', local: 'fd00:1::1', prefixlen: 64, scope: 'global' },
  ],
};

/** Answers ovsdb-client: there is the bridge, and nothing else; whatever is written is there at once. */
function outcomes(args: readonly Arg[]): string {
  const [, ...operations] = JSON.parse(String(args.at(-1))) as { readonly table?: string }[];
  const rows = { Bridge: [{ name: 'cni0' }], Open_vSwitch: [{ next_cfg: 1 }] };
  return JSON.stringify(operations.map(({ table }) => ({ rows: rows[table as keyof typeof rows] ?? [] })));
}

/** Answers a batch's reads as ip would. */
const runner: Runner = {
  has: () => true,
  async run(program, args, { input = '' } = {}) {
    if (program === 'ovsdb-client') return { status: 0, stdout: outcomes(args), stderr: '' };
    // nft's listings: it has nothing yet.
    if (args.includes('-j')) return { status: 0, stdout: '{"nftables":[]}', stderr: '' };
    const reads = input.split('\n').filter((line) => line.includes(' show '));
    const documents = reads.map((line) => {
      const device = line.trim().split(' ').at(-1) ?? '';
      const veth = { ...link, ifname: device, master: 'cni0', linkinfo: { info_kind: 'veth' } };
      return JSON.stringify(line.startsWith('route') ? [] : [device === 'cni0' ? bridge : veth]);
    });
    return { status: 0, stdout: documents.join('\n'), stderr: '' };
  },
};

/** A folder for the time of some work. */
async function inScratch(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-build-'));
  try {
    await work(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

const named = { cniVersion: '1.0.0', name: 'warm-up' };

/** @param container another one each time: what is remembered of one is not reckoned again */
export function warmUp(container: string): Promise<void> {
  return inScratch(async (dir) => {
    // Where the delegate is this very executable, it is called in process: that is the way to be warmed up.
    writeFileSync(join(dir, 'host-local'), '', { mode: 0o755 });
    const callPlugin = callIn(dir, container);
    const config = {
      ...named,
      type: 'veth-bridge',
      bridge: 'cni0',
      isDefaultGateway: true,
      ipMasq: true,
      macspoofchk: true,
      ipam: {
        type: 'host-local',
        dataDir: join(dir, 'networks'),
        ranges: [[{ subnet: '10.1.0.0/16' }], [{ subnet: 'fd00:1::/64' }]],
      },
    };
    // What is loaded by the edge itself, or not called below.
    realHost(undefined);
    for (const name of PLUGIN_NAMES) await loadPlugin(name);
    await callPlugin('host-local', 'ADD', config);
    await callPlugin('host-local', 'DEL', config);
    for (const [type, more] of [
      ['veth-bridge', {}],
      ['macvlan', { master: 'eth1' }],
      ['ipvlan', { master: 'eth1' }],
      ['ovs', {}],
    ] as const) {
      const whole = { ...config, ...more, type };
      const result: unknown = JSON.parse(await callPlugin(type, 'ADD', whole));
      await callPlugin(type, 'CHECK', { ...whole, prevResult: result });
      await callPlugin(type, 'DEL', { ...whole, prevResult: result });
    }
    await callPlugin('veth-bridge', 'VERSION', {});
    useMachine(dir);
    const { run } = realRunner({ searchPath: process.env['PATH'], runDir: dir });
    await run('sh', ['-c', 'true'], { input: 'x' });
    await run('sh', ['-c', 'echo x; sleep 0.01'], { input: 'x', beside: { onOutput: () => undefined } });
  });
}

/** What a real call asks the machine for, where the calls above ask a made-up one. */
function useMachine(dir: string): void {
  const { kernel, runner: tools, openNetns } = realHost(process.env['PATH']);
  const setting = join(dir, 'setting');
  writeFileSync(setting, '0\n');
  kernel.write(setting, '1');
  kernel.list(dir, 1);
  if (!kernel.exists(setting) || !tools.has('sh'))
    throw new Error('warm-up: this machine is not as it should be');
  openNetns('/proc/self/ns/net', true)[Symbol.dispose]();
}

/** What leaves something to the schemas: a key in another case, and faults. */
export function callWithSchemas(): Promise<void> {
  return inScratch(async (dir) => {
    const callPlugin = callIn(dir, 'faulty', true);
    const networks = join(dir, 'networks');
    for (const ipam of [
      { DataDir: networks, ranges: [[{ subnet: 'fd00:1::/64' }]] },
      {
        dataDir: networks,
        ranges: [[{ subnet: '10.1.0.0/33' }], [{ subnet: 'fd00::/64', gateway: 'none' }]],
      },
      { dataDir: networks },
    ])
      await callPlugin('host-local', 'ADD', {
        ...named,
        type: 'host-local',
        ipam: { type: 'host-local', ...ipam },
      });
    for (const more of [{ isgateway: true }, { mtu: '1500', ipMasq: 1 }])
      await callPlugin('veth-bridge', 'ADD', { ...named, type: 'veth-bridge', ...more });
  });
}

/**
 * Calls plugins as a runtime would, on a made-up host whose files are all in `dir`.
 * @param mayFail whether a call may find fault with its config
 */
function callIn(dir: string, container: string, mayFail = false) {
  return async (name: string, command: string, config: object): Promise<string> => {
    const plugin = await loadPlugin(name);
    if (plugin === undefined) throw new Error(`no plugin ${name}`);
    const { exitCode, stdout } = await serve(plugin, {
      plugins: loadPlugin,
      host: madeUpHost(dir),
      stdin: () => JSON.stringify(config),
      env: {
        CNI_COMMAND: command,
        CNI_CONTAINERID: container,
        CNI_NETNS: '/run/netns/warm-up',
        CNI_IFNAME: 'eth0',
        CNI_PATH: dir,
      },
      stderr: () => undefined,
    });
    // CHECK may find fault with the made-up kernel; where ADD or DEL ends early, the rest of it stays cold.
    const isFine = mayFail ? !stdout.includes('"code": 999') : exitCode === 0 || command === 'CHECK';
    if (!isFine) throw new Error(`warm-up: ${name} ${command}: ${stdout}`);
    return stdout;
  };
}

function madeUpHost(dir: string): Host {
  return {
    runner,
    kernel: { read: () => undefined, write: () => undefined, exists: () => true, list: () => [] },
    runDir: join(dir, 'run'),
    stateDir: join(dir, 'state'),
    executable: join(dir, 'host-local'),
    openNetns: (path) => ({
      ...{ path, ref: '/proc/self/ns/net', fd: -1, id: '0:0' },
      [Symbol.dispose]: () => undefined,
    }),
  };
}
