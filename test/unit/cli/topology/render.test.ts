/** The formats: what they look like, and that no text leaves its place in them. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Topology } from '../../../../cli/topology/model.ts';
import { renderDot } from '../../../../cli/topology/render/dot.ts';
import { brief, json, mermaid, xml } from '../../../../cli/topology/render/escape.ts';
import { renderMermaid } from '../../../../cli/topology/render/mermaid.ts';
import { renderSvg } from '../../../../cli/topology/render/svg.ts';
import { renderTree } from '../../../../cli/topology/render/tree.ts';
import { visible } from '../../../../cli/visible.ts';
import { crowd, endpoint, hub, port, topology } from './made-up.ts';

const example: Topology = {
  ...topology(
    hub([
      port({ name: 'eth1', kind: 'nic', ours: false, container: undefined, mac: '52:54:00:00:00:01' }),
      port({
        vlan: { mode: 'access', tag: 10 },
        masquerade: ['10.88.0.2'],
        antispoof: ['02:00:5e:00:53:01'],
      }),
      port({
        ...{ name: 'veth1', stale: 'its link is gone', state: 'down' },
        container: endpoint({
          id: 'c2'.repeat(32),
          netns: undefined,
          sandbox: undefined,
          state: undefined,
          mac: undefined,
        }),
      }),
      port({
        ...{ name: 'docker1', ours: false },
        container: endpoint({
          id: undefined,
          network: undefined,
          netns: undefined,
          sandbox: 3,
          process: { pid: 7, name: 'sh' },
        }),
      }),
    ]),
    hub(
      [
        port({
          ...{ name: 'net1', kind: 'macvlan', mode: 'bridge' },
          container: endpoint({
            network: 'lan',
            ifname: 'net1',
            mtu: 9000,
            addresses: ['10.30.0.2/24', 'fd30::2/64'],
          }),
        }),
      ],
      { kind: 'master', name: 'eth0', state: 'no-carrier', addresses: [] },
    ),
    hub([], { name: 'virbr0', ours: false, state: 'down', addresses: [] }),
  ),
  leftovers: [{ kind: 'reservation', what: '10.88.0.9', network: 'pods', id: 'c9', ifname: 'eth0' }],
};

describe('a tree', () => {
  test('has a line a port, in columns', () => {
    expect(renderTree(example, false)).toBe(
      `\
bridge cni0  up, mtu 1500, 10.88.0.1/16
├─ eth1     nic   up                                                                            52:54:00:00:00:01
├─ veth0    veth  up    VLAN 10  masquerade anti-spoof  blue                eth0  10.88.0.2/16  02:00:5e:00:53:01  pods
├─ veth1    veth  down                                  STALE c2c2c2c2c2c2  eth0  10.88.0.2/16                     its link is gone
└─ docker1  veth  up                                    sh (7)              eth0  10.88.0.2/16  02:00:5e:00:53:01  not plumbline

master eth0  no carrier, mtu 1500
└─ macvlan bridge  up  blue  net1  10.30.0.2/24 fd30::2/64  02:00:5e:00:53:01  mtu 9000  lan

bridge virbr0  down, mtu 1500

left behind by containers that are gone
└─ reservation 10.88.0.9 of pods c9 eth0
`,
    );
  });

  test('has colours where they are wanted: grey for what is not ours, red for what is stale', () => {
    const lines = renderTree(example, true).split('\n');
    const styleOf = (name: string): string | undefined => {
      const [, style] = (lines.find((line) => line.includes(name)) ?? '').split('\u001b[');
      return style?.slice(0, style.indexOf('m'));
    };
    expect(['docker1', 'veth1', 'veth0', 'cni0', 'virbr0'].map(styleOf)).toEqual([
      '90',
      '31',
      undefined,
      '1',
      '90',
    ]);
  });

  test('says so where there is nothing', () => {
    expect(renderTree(topology(), false)).toMatch(/^there is neither a bridge nor a master/);
  });
});

test('Mermaid has a node a container, and an edge a port', () => {
  const lines = renderMermaid(example)
    .split('\n')
    .map((line) => line.trim());
  expect(lines[0]).toBe('flowchart LR');
  expect(lines).toContain('c0["blue<br/>eth0 10.88.0.2/16<br/>net1 10.30.0.2/24 fd30::2/64"]:::container');
  expect(lines).toContain('h0 ---|"veth0, VLAN 10, masquerade, anti-spoof"| c0');
  expect(lines).toContain('h1 ---|"macvlan bridge"| c0');
  expect(lines).toContain('p0x0["eth1, up"]:::other');
  expect(lines.find((line) => line.startsWith('c1['))).toMatch(/:::stale$/);
  expect(lines.find((line) => line.startsWith('c2['))).toMatch(/^c2\["sh \(7\)<br\/>.*:::other$/);
});

describe('a picture', () => {
  const sizeOf = (svg: string) => {
    const [, width = 0, height = 0] = /<svg [^>]*width="(\d+)pt" height="(\d+)pt"/.exec(svg) ?? [];
    return { width: Number(width), height: Number(height) };
  };
  // Graphviz writes blanks and hyphens as numbers.
  const textsIn = (svg: string): readonly string[] =>
    [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text = '']) =>
      text.replace(/&#(\d+);/g, (_, code: string) =>
        code === '160' ? ' ' : String.fromCodePoint(Number(code)),
      ),
    );

  test('has every name, and one table a container', async () => {
    const svg = await renderSvg(example);
    const texts = textsIn(svg);
    for (const text of [
      'bridge cni0',
      'blue',
      'sh (7)',
      'eth0  10.88.0.2/16',
      'net1  10.30.0.2/24  fd30::2/64',
    ])
      expect(texts).toContain(text);
    expect(texts.filter((text) => text === 'blue')).toHaveLength(1);
    expect(svg.match(/class="edge"/g)).toHaveLength(4);
    expect(svg).toMatch(/stroke="#c0392b" stroke-dasharray/);
    expect(svg).not.toMatch(/<(?:image|script|a|foreignObject)\b/);
  });

  test('lays many containers out in columns, each of them once', async () => {
    const svg = await renderSvg(crowd(200));
    const texts = textsIn(svg);
    expect(texts.filter((text) => /^pod-\d+$/.test(text))).toHaveLength(200);
    expect(texts).toContain('200 containers');
    expect(svg.match(/class="edge"/g)).toHaveLength(1);
    const { width, height } = sizeOf(svg);
    expect(width / height).toBeGreaterThan(0.7);
    expect(width / height).toBeLessThan(2);
  });

  test('draws some containers one by one', async () => {
    expect((await renderSvg(crowd(16))).match(/class="edge"/g)).toHaveLength(16);
  });
});

/** Steers terminals, ends labels, elements and quotes of all formats, turns the direction of writing. */
const hostile = '\u001b]0;x\u0007\u009b31m\u202e"]<b>&amp;\\"--></TABLE>|{}`$#quot;;\n\r\t\'%%{init}\ud800';

const withHostile = (text: string): Topology => ({
  ...topology(
    hub(
      [
        port({
          ...{ name: text, kind: text, stale: text, mode: text, vlan: { mode: 'trunk', trunks: text } },
          container: endpoint({
            id: text,
            network: text,
            netns: undefined,
            pod: text,
            ifname: text,
            mac: text,
            addresses: [text],
          }),
        }),
        port({ name: text, container: undefined, addresses: [text] }),
      ],
      { name: text, addresses: [text], datapath: text, pci: text, inside: text, kind: 'master' },
    ),
  ),
  leftovers: [{ kind: 'reservation', what: text, network: text, id: text, ifname: text }],
});

const steering =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there.
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b-\u200f]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

describe('a hostile text', () => {
  test('stays a text in each format', async () => {
    const drawn = withHostile(hostile);
    for (const text of [
      renderTree(drawn, false),
      renderMermaid(drawn),
      renderDot(drawn),
      await renderSvg(drawn),
      json(drawn),
    ]) {
      expect(text).not.toMatch(steering);
    }
    expect(renderTree(drawn, false).split('\n')).toHaveLength(
      renderTree(withHostile('x'), false).split('\n').length,
    );
    expect(JSON.parse(json(drawn))).toEqual(JSON.parse(JSON.stringify(drawn)));
    const svg = await renderSvg(drawn);
    expect(svg).not.toMatch(/<b>|<\/TABLE>|-->(?!\s*\n)/);
  });

  test('cannot leave a label, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 60 }), async (text) => {
        expect(visible(text)).not.toMatch(steering);
        expect(xml(text)).not.toMatch(/[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/);
        expect(mermaid(text)).toMatch(/^(?:[A-Za-z0-9 .,:/+()-]|#\d+;)*$/);
        expect([...brief(text)].length).toBeLessThanOrEqual(40);
        const svg = await renderSvg(withHostile(text));
        expect(svg.match(/<g id="node\d+"/g)).toHaveLength(3);
      }),
      { numRuns: 15 },
    );
  });

  test('stays legible where it is harmless', () => {
    expect(visible('web-0 日本 é 🙂')).toBe('web-0 日本 é 🙂');
    expect(xml('a<b & "c"')).toBe('a&lt;b &amp; &quot;c&quot;');
  });
});
