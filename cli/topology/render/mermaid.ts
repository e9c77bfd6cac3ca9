/** A flowchart for Mermaid (mermaid.js.org), as Markdown viewers draw it. */
import type { Endpoint, Hub, Port, Topology } from '../model.ts';
import { containersOf, type Drawn } from './containers.ts';
import { brief, mermaid } from './escape.ts';
import { flagsOf, hubFacts, hubTitle, leftoverText, portTitle, stateText, vlanText } from './words.ts';

export function renderMermaid({ hubs, leftovers }: Topology): string {
  const drawn = containersOf(hubs);
  const lines = [
    'flowchart LR',
    ...hubs.map((hub, index) => node(`h${index}`, [hubTitle(hub), ...hubFacts(hub)], hubClass(hub))),
    ...drawn.map(containerNode),
    ...hubs.flatMap((hub, index) => hub.ports.flatMap((port, at) => portLines(drawn, index, port, at))),
    ...(leftovers.length === 0
      ? []
      : [node('left', ['left behind', ...leftovers.map(leftoverText)], 'stale')]),
    'classDef hub fill:#dbe8f5,stroke:#34618f,color:#12263a',
    'classDef container fill:#ffffff,stroke:#34618f,color:#12263a',
    'classDef other fill:#f2f2f2,stroke:#b5b5b5,color:#8a8a8a',
    'classDef stale fill:#fdeaea,stroke:#c0392b,color:#c0392b,stroke-dasharray:4 3',
  ];
  return lines.map((line, index) => `${index === 0 ? '' : '  '}${line}\n`).join('');
}

const hubClass = ({ ours }: Hub): string => (ours ? 'hub' : 'other');

function node(id: string, texts: readonly string[], style: string): string {
  const label = texts.map((text) => mermaid(brief(text, 60))).join('<br/>');
  return `${id}["${label}"]:::${style}`;
}

function containerNode({ title, ends, style }: Drawn, index: number): string {
  return node(`c${index}`, [title, ...ends.map(({ end }) => interfaceText(end))], style);
}

const interfaceText = ({ ifname, addresses }: Endpoint): string =>
  [ifname ?? '', ...addresses].filter((text) => text !== '').join(' ');

function portLines(drawn: readonly Drawn[], hub: number, port: Port, at: number): readonly string[] {
  const index = drawn.findIndex(({ ends }) => ends.some((one) => one.port === port));
  const texts = [portTitle(port), vlanText(port.vlan), ...flagsOf(port)].filter((text) => text !== '');
  if (index >= 0) return [`h${hub} ---|"${mermaid(brief(texts.join(', '), 60))}"| c${index}`];
  const id = `p${hub}x${at}`;
  const facts = [...texts, stateText(port.state), port.stale === undefined ? '' : `stale: ${port.stale}`];
  const style = port.stale === undefined ? (port.ours ? 'container' : 'other') : 'stale';
  return [
    node(id, [facts.filter((text) => text !== '').join(', '), ...port.addresses], style),
    `h${hub} --- ${id}`,
  ];
}
