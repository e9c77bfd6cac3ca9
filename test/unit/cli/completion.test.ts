/** What completion offers, by the definitions of commands that have every sort of option. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { writeRecord } from '../../../cli/attach/record.ts';
import { defineCommand, type ValueKind } from '../../../cli/command.ts';
import { COMMANDS } from '../../../cli/commands.ts';
import { complete } from '../../../cli/completion/complete.ts';
import { valuesOn } from '../../../cli/completion/values.ts';
import { PLUGIN_NAMES } from '../../../cli/executable.ts';
import { runCli } from '../../../cli/index.ts';
import { type RecordingOptions, recordingHost } from '../../support/recording-host.ts';

const about = 'made up';
const plug = defineCommand({
  name: 'plug',
  summary: about,
  about,
  examples: [],
  options: {
    network: { value: 'NAME', short: 'n', kind: 'network', about, excludes: ['plugin'] },
    plugin: { value: 'NAME', kind: 'plugin', about },
    'net-d': { value: 'DIR', kind: 'folder', about },
    route: { value: 'CIDR', about, repeated: true },
    format: { value: 'FORMAT', choices: ['tree', 'json'], about },
    json: { short: 'j', about },
  },
  arguments: {
    CONTAINER: { about, kind: 'container' },
    IFNAME: { about, kind: 'interface', optional: true, repeated: true },
  },
  run: () => 0,
});
const secret = defineCommand({ ...plug, name: 'secret', hidden: true, options: {}, arguments: {} });

/** Instead of values, what was asked for. */
const asked = async (kind: ValueKind, netDir: string) => [{ word: `${kind}@${netDir}` }];

async function offered(...words: readonly string[]) {
  const { paths, offers } = await complete([plug, secret], words, asked);
  return [paths, ...offers.map(({ word }) => word)];
}

const node = '/etc/cni/net.d';
const options = ['--network', '--plugin', '--net-d', '--route', '--format', '--json', '--help'];
const without = (...gone: readonly string[]) => options.filter((option) => !gone.includes(option));

describe('by the definition', () => {
  test.each<readonly [words: readonly string[], offered: readonly string[]]>([
    [[''], ['none', 'plug']],
    [['se'], ['none']],
    [['secret', ''], ['none']],
    [['-'], ['none', '--help', '--version']],
    [
      ['plug', '-'],
      ['none', ...options],
    ],
    [
      ['plug', '--n'],
      ['none', '--network', '--net-d'],
    ],
    [
      ['plug', '--json', '--route', 'a', '-'],
      ['none', ...without('--json')],
    ],
    [
      ['plug', '-j', '-'],
      ['none', ...without('--json')],
    ],
    [
      ['plug', '--network', 'x', '-'],
      ['none', ...without('--network', '--plugin')],
    ],
    [
      ['plug', '--plugin=x', '-'],
      ['none', ...without('--network', '--plugin')],
    ],
    [
      ['plug', '--network', ''],
      ['files', `network@${node}`],
    ],
    [
      ['plug', '-n', ''],
      ['files', `network@${node}`],
    ],
    [
      ['plug', '--net-d', '/x', '--network='],
      ['files', '--network=network@/x'],
    ],
    [['plug', '--network', 'other'], ['files']],
    [['plug', '--route', ''], ['none']],
    [
      ['plug', '--format', ''],
      ['none', 'tree', 'json'],
    ],
    [
      ['plug', '--format=t'],
      ['none', '--format=tree'],
    ],
    [['plug', '--json='], ['none']],
    [['plug', '--no-such='], ['none']],
    [
      ['plug', '--net-d', ''],
      ['folders', `folder@${node}`],
    ],
    [
      ['plug', ''],
      ['files', `container@${node}`],
    ],
    [
      ['plug', '--format', 'tree', 'c1', ''],
      ['none', `interface@${node}`],
    ],
    [
      ['plug', 'c1', 'eth0', 'int'],
      ['none', `interface@${node}`],
    ],
    [['plug', 'c1', '--', '--'], ['none']],
    [
      ['plug', '--', '-x', ''],
      ['none', `interface@${node}`],
    ],
  ])('%j', async (words, wanted) => expect(await offered(...words)).toEqual(wanted));

  test('whatever is typed, there is an answer, and each offer continues the last word', async () => {
    const word = fc.oneof(fc.string(), fc.constantFrom('plug', '--', '--network', '--net-d=', '-n', 'c1'));
    await fc.assert(
      fc.asyncProperty(fc.array(word), async (words) => {
        const { offers } = await complete([plug, ...COMMANDS], words, asked);
        for (const offer of offers) expect(offer.word.startsWith(words.at(-1) ?? '')).toBe(true);
      }),
    );
  });
});

describe('of a node', () => {
  const netDir = mkdtempSync(join(tmpdir(), 'plumbline-completion-'));
  afterAll(() => rmSync(netDir, { recursive: true }));

  async function values(kind: ValueKind, answer?: RecordingOptions['answer']) {
    using host = recordingHost(answer && { answer });
    for (const name of ['cni0', 'eth0']) host.machine.files.set(`/sys/class/net/${name}/ifindex`, '7');
    host.machine.files.set('/sys/class/net/cni0/bridge', '');
    host.machine.files.set('/run/openvswitch/db.sock', '');
    host.ovs.addBridge('br-int');
    host.machine.files.set('/sys/class/net/eth0/ifalias', 'plumbline:x pods/c1/eth0');
    host.machine.files.set('/sys/class/net/bonding_masters', '');
    for (const name of ['$(id)', 'a;b']) host.machine.files.set(`/sys/class/net/${name}/ifindex`, '8');
    host.machine.files.set('/sys/class/net/cni0/ifalias', 'first\n$(id)');
    for (const name of ['blue', 'two words', "it's", '`id`'])
      host.machine.files.set(`/run/netns/${name}`, '');
    for (const [ifname, network] of [
      ['eth1', 'storage'],
      ['eth2', 'lab'],
    ] as const) {
      writeRecord(host.stateDir, {
        ...{ network, ifname, containerId: '4f66', container: 'web', by: 'docker', binDir: '/opt/cni/bin' },
        ...{ netns: '/run/netns/web', netnsId: '4:1', config: {}, since: '2025-01-01T00:00:00.000Z' },
      });
    }
    return await valuesOn(host)(kind, netDir);
  }

  test('networks are told by their names, and broken files are passed over', async () => {
    writeFileSync(join(netDir, '10-pods.conflist'), '{"name": "pods", "plugins": [{"type": "ovs"}]}');
    writeFileSync(join(netDir, '20-lab.conf'), '{"name": "lab", "type": "macvlan"}');
    writeFileSync(join(netDir, '30-broken.conf'), '{"name": ');
    writeFileSync(join(netDir, '40-none.conf'), '[]');
    writeFileSync(join(netDir, '50-no-plugin.conf'), '{"name": "empty"}');
    writeFileSync(join(netDir, 'README'), '{"name": "readme", "type": "ovs"}');
    expect(await values('network')).toEqual([
      { word: 'pods', about: '10-pods.conflist' },
      { word: 'lab', about: '20-lab.conf' },
    ]);
  });

  test('links, bridges, namespaces that one word names, plugins; nothing that a shell would run', async () => {
    expect(await values('interface')).toEqual([
      { word: 'cni0', about: 'first\\u000a$(id)' },
      { word: 'eth0', about: 'plumbline:x pods/c1/eth0' },
    ]);
    expect(await values('bridge')).toEqual([
      { word: 'cni0', about: 'Linux bridge' },
      { word: 'br-int', about: 'Open vSwitch bridge' },
    ]);
    expect(await values('container')).toEqual([{ word: 'blue', about: 'network namespace' }]);
    expect(await values('attached')).toEqual([{ word: 'web', about: 'eth1 in storage, eth2 in lab' }]);
    const plugins = (await values('plugin')).map(({ word }) => word);
    expect(plugins).toEqual(PLUGIN_NAMES.filter((name) => name !== 'host-local'));
    expect(await values('file')).toEqual([]);
  });

  test('a database that does not answer is waited for a second, and passed over', async () => {
    const waits: unknown[] = [];
    const silent: RecordingOptions['answer'] = ({ program, args }) => {
      if (program !== 'ovsdb-client') return undefined;
      waits.push(args[0]);
      return { status: 128 + 14 };
    };
    expect(await values('bridge', silent)).toEqual([{ word: 'cni0', about: 'Linux bridge' }]);
    expect(waits).toEqual(['--timeout=1']);
  });
});

test('what the scripts read: which paths, then a word and what it is', async () => {
  let stdout = '';
  const io = { stdout: { write: (text: string) => (stdout += text) }, stderr: { write: () => true } };
  expect(await runCli(['complete', '--', 'install', '--f'], io)).toBe(0);
  expect(stdout).toBe(
    'none\n--force\treplace files of other origin too, and keep each as NAME.plumbline-backup\n',
  );
});
