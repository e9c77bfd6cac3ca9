/** `plumbline lint`: every mistake at its place, and nothing said of what is right. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { runCli } from '../../../../cli/index.ts';
import { lintText } from '../../../../cli/lint/file.ts';
import { lintFiles } from '../../../../cli/lint/files.ts';
import { formatFinding } from '../../../../cli/lint/finding.ts';
import { readConfig } from '../../../../lib/cni/config.ts';
import { findPlugin } from '../../../../plugins/index.ts';
import { repoRoot } from '../../../support/paths.ts';
import { mistakes } from './mistakes.ts';

const dir = mkdtempSync(join(tmpdir(), 'plumbline-lint-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** Writes files into a folder of their own. */
function write(files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(dir, 'net.d-'));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(
      join(folder, name),
      typeof content === 'string' ? content : JSON.stringify(content, undefined, 2),
    );
  }
  return folder;
}

async function lint(...args: readonly string[]) {
  let [stdout, stderr] = ['', ''];
  const code = await runCli(['lint', ...args], {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return { code, stdout, stderr };
}

describe('a mistake is told at its line and column', () => {
  test('there are enough of them', () => {
    expect(Object.keys(mistakes).length).toBeGreaterThanOrEqual(60);
  });

  test.each(Object.entries(mistakes))('%s', (_, { file, text, says, level = 'error' }) => {
    const before = text.slice(0, text.indexOf('⟦')).split('\n');
    const place = { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
    const { findings } = lintText(file, text.replace('⟦', ''));
    expect(findings.map(formatFinding)).toHaveLength(1);
    expect(findings[0]).toMatchObject({ file, ...place, level, message: expect.stringMatching(says) });
  });

  test('with ends of lines as in Windows, too', () => {
    const { findings } = lintText(
      'a.conf',
      '{\r\n  "name": "a",\r\n  "type": "bridge",\r\n  "mtu": "1"\r\n}\r\n',
    );
    expect(findings).toMatchObject([{ line: 4, column: 10, field: 'mtu' }]);
  });
});

describe('all mistakes of a file are told at once', () => {
  test('what does not fit, what does not go together, and what nobody reads', () => {
    const { findings } = lintText(
      'all.conflist',
      `{
  "name": "all",
  "plugins": [
    {
      "type": "veth-bridge",
      "bridge": "all0",
      "isGatway": true,
      "hairpinMode": true,
      "promiscMode": true,
      "vlan": 5000,
      "mac": "ff:ff:ff:ff:ff:ff",
      "ipam": {
        "type": "host-local",
        "ranges": [
          [{ "subnet": "10.1.0.0/24" }, { "subnet": "10.2.0.1/24" }],
          [{ "subnet": "10.1.0.0/25" }],
          [{ "subnet": "fd00::/64", "rangeStart": "fd01::1" }]
        ]
      }
    }
  ]
}`,
    );
    expect(findings.map(({ line, message }) => `${line} ${message.split(/[:;] /)[0]}`)).toEqual([
      '7 isGatway',
      '8 hairpinMode and promiscMode exclude each other (true, true)',
      '10 vlan',
      '11 mac',
      '15 ipam.ranges[0][1].subnet',
      '16 ipam.ranges[1]',
      '17 ipam.ranges[2][0].rangeStart',
    ]);
  });

  test('one fault of the syntax a line', () => {
    const { findings } = lintText('a.conf', '{\n  type: "bridge",\n  name: "net"\n}\n');
    expect(findings.map(({ line, column }) => `${line}:${column}`)).toEqual(['2:3', '3:3']);
  });

  test('the path of a field is that of the file', () => {
    const { findings } = lintText(
      'a.conflist',
      '{"name": "a", "plugins": [{"type": "ovs", "bridge": "b", "mtu": 1}]}',
    );
    expect(findings.map(({ field }) => field)).toEqual(['plugins[0].mtu']);
  });
});

describe('what is right is not blamed', () => {
  const examples = (folder: string): readonly string[] =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.conf(list)?$/.test(name))
      .map((name) => join(folder, name));

  test.each(examples(join(repoRoot, 'conf-examples')))('%s', (file) => {
    expect(lintFiles([file]).findings).toEqual([]);
  });

  const peers = examples(join(import.meta.dirname, 'peers'));

  test.each(peers)('%s', (file) => {
    expect(lintFiles([file]).findings.map(formatFinding)).toEqual([]);
  });

  test('keys in another case, nulls, empty texts', () => {
    const text = '{"NAME": "a", "Type": "bridge", "macSpoofChk": true, "vlan": null, "mac": "", "IPAM": {}}';
    expect(lintText('a.conf', text).findings).toEqual([]);
  });
});

describe('names that anybody may choose', () => {
  test.each(['cnv-bridge', 'macvtap', 'win-bridge', 'ovn', 'ib-sriov-cni', 'my-macvlan', 'vpp'])(
    'type %s',
    (type) => {
      expect(lintText('a.conf', JSON.stringify({ name: 'a', type, key: 5 })).findings).toEqual([]);
    },
  );

  test.each(['my-ipam', 'nodelocal-static', 'dhcp6'])('ipam.type %s', (type) => {
    expect(
      lintText('a.conf', JSON.stringify({ name: 'a', type: 'bridge', ipam: { type, key: 5 } })).findings,
    ).toEqual([]);
  });

  test.each([
    ['osv', 'ovs'],
    ['maclvan', 'macvlan'],
    ['brigde', 'bridge'],
  ])('but type %s is meant for %s', (type, meant) => {
    const [finding] = lintText('a.conf', JSON.stringify({ name: 'a', type })).findings;
    expect(finding?.message).toMatch(new RegExp(`did you mean ${meant}\\?$`));
  });
});

describe('whatever a file says', () => {
  const folder = join(repoRoot, 'conf-examples');
  const texts = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.conf(list)?$/.test(name))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
  const anyFile = fc.constantFrom(...texts);

  test('lint tells of it, and each finding is at a place of the file', () => {
    const edit = fc.record({ at: fc.nat(2000), remove: fc.nat(20), insert: fc.string({ maxLength: 8 }) });
    fc.assert(
      fc.property(anyFile, fc.array(edit, { minLength: 1, maxLength: 4 }), ({ name, text }, edits) => {
        const edited = edits.reduce((whole, { at, remove, insert }) => {
          const start = at % whole.length;
          return whole.slice(0, start) + insert + whole.slice(start + remove) || ' ';
        }, text);
        const lines = edited.split('\n');
        const { findings } = lintText(name, edited);
        for (const { line, column, message } of findings) {
          expect(message).not.toMatch(/internal error|undefined|\[object/);
          expect(lines.length).toBeGreaterThanOrEqual(line);
          expect((lines[line - 1] ?? '').length + 1).toBeGreaterThanOrEqual(column);
        }
        if (!isJson(edited)) expect(findings).not.toEqual([]);
      }),
      { numRuns: 1500 },
    );
  });

  test('what a plugin refuses, lint finds', () => {
    const lists = texts.filter(({ name }) => name.endsWith('.conflist'));
    const value = fc.jsonValue({ maxDepth: 2 });
    fc.assert(
      fc.property(fc.constantFrom(...lists), fc.nat(), value, ({ name, text }, which, value) => {
        const whole = JSON.parse(text) as { name: string; plugins: Record<string, unknown>[] };
        const [first = {}] = whole.plugins;
        const keys = Object.keys(first).filter((key) => key !== 'type');
        const key = keys[which % keys.length] ?? 'mtu';
        first[key] = value;
        const plugin = findPlugin(String(first['type']));
        const refused =
          plugin !== undefined &&
          readConfig(plugin.config, { ...first, name: whole.name }).faults !== undefined;
        if (refused) expect(lintText(name, JSON.stringify(whole)).findings).not.toEqual([]);
      }),
      { numRuns: 1500 },
    );
  });

  function isJson(text: string): boolean {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  }
});

describe('the networks of a node', () => {
  const pods = (name: string, subnet: string, more: object = {}) => ({
    cniVersion: '1.0.0',
    name,
    plugins: [
      {
        type: 'veth-bridge',
        bridge: `${name}0`,
        ...more,
        ipam: { type: 'host-local', ranges: [[{ subnet }]] },
      },
    ],
  });

  const between = (files: Readonly<Record<string, unknown>>) => {
    const folder = write(files);
    return lintFiles(
      readdirSync(folder)
        .sort()
        .map((name) => join(folder, name)),
    ).findings.map((finding) => formatFinding(finding).replaceAll(`${folder}/`, ''));
  };

  test('ranges that overlap are told at the later one, with the place of the other', () => {
    expect(
      between({ '10.conflist': pods('a', '10.1.0.0/16'), '20.conflist': pods('b', '10.1.3.0/24') }),
    ).toEqual([
      '20.conflist:12:13: warning: ipam.ranges[0][0]: 10.1.3.1-10.1.3.254 overlaps with 10.1.0.1-10.1.255.254 of network "a" ' +
        '(10.conflist:12), and both give the same addresses to containers; separate them by subnet, or by rangeStart and rangeEnd',
    ]);
  });

  test('on one bridge they are an error', () => {
    const files = {
      '10.conflist': pods('a', '10.1.0.0/16', { bridge: 'br0' }),
      '20.conflist': pods('b', '10.1.0.0/16', { bridge: 'br0' }),
    };
    expect(between(files)).toEqual([expect.stringMatching(/^20\.conflist:12:13: error: ipam\.ranges/)]);
  });

  test('one of many is told', () => {
    const files = Object.fromEntries(
      ['a', 'b', 'c', 'd'].map((name) => [`${name}.conflist`, pods(name, '10.1.0.0/16')]),
    );
    expect(between(files).map((text) => text.split(':')[0])).toEqual([
      'b.conflist',
      'c.conflist',
      'd.conflist',
    ]);
  });

  test('a bridge with two MTUs', () => {
    const files = {
      '10.conflist': pods('a', '10.1.0.0/16', { bridge: 'br0', mtu: 1400 }),
      '20.conflist': pods('b', '10.2.0.0/16', { bridge: 'br0', mtu: 9000 }),
      '30.conflist': pods('c', '10.3.0.0/16', { bridge: 'br0' }),
    };
    expect(between(files)).toEqual([
      '20.conflist:8:14: error: mtu: 9000, and the same bridge "br0" has 1400 in network "a" (10.conflist:8); a bridge has one',
    ]);
  });

  test('a bridge with two gateway addresses', () => {
    const files = {
      '10.conflist': pods('a', '10.1.0.0/16', { bridge: 'br0', isGateway: true }),
      '20.conflist': pods('b', '10.2.0.0/16', { bridge: 'br0', isDefaultGateway: true }),
      '30.conflist': pods('c', '10.3.0.0/16', { bridge: 'br0', isGateway: true, vlan: 5 }),
    };
    expect(between(files)).toEqual([
      '20.conflist:7:17: error: bridge: "br0" would have the gateway address 10.2.0.1/16 here and 10.1.0.1/16 in network "a" ' +
        '(10.conflist:7); give one of the networks another bridge',
    ]);
  });

  test('a name that is there twice', () => {
    const files = {
      '10.conflist': pods('a', '10.1.0.0/16'),
      '20.conf': { name: 'a', type: 'ptp', ipam: { type: 'dhcp' } },
    };
    expect(between(files)).toEqual([
      '20.conf:2:11: error: name: "a" is the name of network "a" (10.conflist:3) too; give one of the networks another',
    ]);
  });

  const child = (name: string, type: string, more: object = {}) => ({
    name,
    type,
    master: 'eth1',
    ipam: { type: 'dhcp' },
    ...more,
  });

  test.each([
    [
      'macvlan and ipvlan',
      child('a', 'macvlan'),
      child('b', 'ipvlan'),
      /^b\.conf:4:13: error: master: "eth1" is a master of ipvlan links here and is a master of macvlan links in/,
    ],
    [
      'two modes of ipvlan',
      child('a', 'ipvlan'),
      child('b', 'ipvlan', { mode: 'l3' }),
      /^b\.conf:8:11: error: mode: "l3" here and "l2" in/,
    ],
    [
      'passthru and another',
      child('a', 'macvlan', { mode: 'passthru' }),
      child('b', 'macvlan'),
      /^b\.conf:4:13: error: .*single link/,
    ],
    [
      "a master that is a bridge's port",
      child('a', 'macvlan'),
      { name: 'b', type: 'bridge', uplink: { device: 'eth1' } },
      /^b\.conf:5:15: error: uplink\.device: "eth1" is a bridge's port here/,
    ],
  ])('one link: %s', (_, a, b, says) => {
    expect(between({ 'a.conf': a, 'b.conf': b })).toEqual([expect.stringMatching(says)]);
  });

  test('masters in containers are the containers’ own', () => {
    const inside = { linkInContainer: true };
    expect(between({ 'a.conf': child('a', 'macvlan', inside), 'b.conf': child('b', 'ipvlan') })).toEqual([]);
  });
});

describe('the command', () => {
  const good = { name: 'good', plugins: [{ type: 'bridge' }] };
  const bad = { name: 'bad', plugins: [{ type: 'bridge', mtuu: 5 }] };

  test('is content: exit status 0', async () => {
    const folder = write({ '10-good.conflist': good });
    expect(await lint(folder)).toEqual({ code: 0, stdout: '1 file: nothing wrong\n', stderr: '' });
  });

  test('finds something: exit status 1', async () => {
    const folder = write({ '10-bad.conflist': bad, '20-good.conflist': good });
    expect(await lint(folder)).toEqual({
      code: 1,
      stdout: `${folder}/10-bad.conflist:6:7: error: mtuu: unknown key; did you mean mtu?\n2 files: 1 error, 0 warnings\n`,
      stderr: '',
    });
  });

  test('as JSON', async () => {
    const folder = write({ '10-bad.conflist': bad });
    const { code, stdout } = await lint('--json', folder);
    const file = `${folder}/10-bad.conflist`;
    const finding = {
      file,
      line: 6,
      column: 7,
      level: 'error',
      field: 'plugins[0].mtuu',
      message: 'mtuu: unknown key; did you mean mtu?',
    };
    expect({ code, report: JSON.parse(stdout) as unknown }).toEqual({
      code: 1,
      report: { files: [file], findings: [finding] },
    });
  });

  test('takes files by themselves with --each', async () => {
    const folder = write({ 'a.conflist': good, 'b.conflist': good });
    expect((await lint(folder)).code).toBe(1);
    expect((await lint('--each', folder)).code).toBe(0);
  });

  test('reads of a folder what a runtime would, and nothing below it', async () => {
    const folder = write({ 'a.conflist': good, 'b.conf.bak': '{', 'c.json': { name: 'c', type: 'bridge' } });
    mkdirSync(join(folder, 'ovs.d'));
    writeFileSync(join(folder, 'ovs.d', 'ovs.conf'), '{');
    expect((await lint(folder)).stdout).toBe('2 files: nothing wrong\n');
  });

  test.each([
    [[], /FILE is missing/],
    [['--jsn', 'a'], /Unknown option '--jsn'/],
    [['/nowhere/a.conf'], /cannot read: ENOENT/],
    [['/var/empty-or-not-there'], /cannot read: ENOENT/],
  ])('%j: exit status 2', async (args, says) => {
    const { code, stdout, stderr } = await lint(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(says);
  });

  test('a file that is none, or far too long', async () => {
    const folder = write({ 'a.conf': ' '.repeat(1024 * 1024 + 1) });
    expect((await lint(join(folder, 'a.conf'))).stdout).toMatch(
      /a\.conf:1:1: error: no plain file of at most 1 MiB/,
    );
    expect((await lint('/dev/null')).stdout).toMatch(/null:1:1: error: no plain file/);
  });

  test('a file that is nested very deeply', () => {
    const { findings } = lintText('a.conf', `{"type":"bridge","name":"a","x":${'['.repeat(200_000)}`);
    expect(findings).toMatchObject([{ line: 1, column: 1, message: 'nested too deeply' }]);
  });
});
