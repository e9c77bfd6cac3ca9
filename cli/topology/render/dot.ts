/**
 * A graph for Graphviz: each hub is a table with a row a port, and each container a table with a row an interface. Where
 * many containers with one interface hang on one hub, they are the cells of a table, one a network.
 */
import type { Endpoint, Hub, Port, Topology } from '../model.ts';
import { containersOf, type Drawn } from './containers.ts';
import { brief, xml } from './escape.ts';
import {
  containerTitle,
  flagsOf,
  hubFacts,
  hubTitle,
  leftoverText,
  ownerText,
  portTitle,
  stateText,
  vlanText,
} from './words.ts';

/** So many containers of one network on one hub are drawn one by one. */
const mostByThemselves = 16;

const palette = {
  container: { line: '#34618f', head: '#dbe8f5', text: '#12263a', faint: '#5b6b7b' },
  other: { line: '#b5b5b5', head: '#f2f2f2', text: '#8a8a8a', faint: '#a5a5a5' },
  stale: { line: '#c0392b', head: '#fdeaea', text: '#c0392b', faint: '#c0392b' },
} as const;
type Style = keyof typeof palette;

/** Containers of one network on one hub. */
interface Crowd {
  readonly hub: Hub;
  readonly network: string;
  readonly ports: readonly Port[];
}

/**
 * Graphviz reckons with widths that it has in itself, and whoever looks has another font: of fixed width they are alike,
 * and texts stay within their cells.
 */
const fontName = 'Courier';

export function renderDot({ hubs, leftovers }: Topology): string {
  const drawn = containersOf(hubs);
  const crowds = crowdsIn(hubs, drawn);
  const crowded = new Set(crowds.flatMap(({ ports }) => ports));
  const alone = drawn.filter(({ ends }) => !ends.some(({ port }) => crowded.has(port)));
  const lines = [
    'graph plumbline {',
    'graph [rankdir=LR, nodesep=0.2, ranksep=1.1, bgcolor="white"];',
    `node [shape=plain, fontname="${fontName}", fontsize=10];`,
    'edge [color="#8296a8"];',
    ...hubs.map((hub, index) => `h${index} [label=<${hubTable(hub, crowded)}>];`),
    ...alone.map((container, index) => `c${index} [label=<${containerTable(container)}>];`),
    ...crowds.map((crowd, index) => `g${index} [label=<${crowdTable(crowd)}>];`),
    ...(leftovers.length === 0 ? [] : [`left [label=<${leftoverTable(leftovers.map(leftoverText))}>];`]),
    ...alone.flatMap((container, index) => edgesTo(hubs, container, `c${index}`)),
    ...crowds.map(
      ({ hub, network }, index) =>
        `h${hubs.indexOf(hub)}:${crowdPort(network)}:e -- g${index}:t:w [penwidth=4];`,
    ),
    '}',
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function crowdsIn(hubs: readonly Hub[], drawn: readonly Drawn[]): readonly Crowd[] {
  const single = new Set(
    drawn.flatMap(({ ends }) => (ends.length === 1 ? ends.map(({ port }) => port) : [])),
  );
  return hubs.flatMap((hub) => {
    const networks = Map.groupBy(
      hub.ports.filter((port) => single.has(port)),
      ownerText,
    );
    return [...networks]
      .filter(([, ports]) => ports.length > mostByThemselves)
      .map(([network, ports]): Crowd => ({ hub, network, ports }));
  });
}

const crowdPort = (network: string): string => `"n ${network.replace(/[^\w.-]/g, '_')}"`;

const styleOf = ({ ours, stale }: Port): Style =>
  stale !== undefined ? 'stale' : ours ? 'container' : 'other';

const font = (colour: string, text: string, size = 10): string =>
  `<FONT COLOR="${colour}" POINT-SIZE="${size}">${text}</FONT>`;

/** Lines of one cell, aligned to the left; the first stands out. */
function cell(texts: readonly string[], style: Style, attributes = '', isTitle = false): string {
  const { text: colour, faint } = palette[style];
  const lines = texts
    .filter((text) => text !== '')
    .map((text, index) => {
      const shown = xml(brief(text, 56));
      if (index > 0) return font(faint, shown, 9);
      return font(colour, isTitle ? `<B>${shown}</B>` : shown);
    });
  return `<TD ALIGN="LEFT" BALIGN="LEFT" ${attributes}>${lines.join('<BR/>')}</TD>`;
}

const row = (content: string): string => `<TR>${content}</TR>`;

function table(style: Style, rows: readonly string[]): string {
  return `<TABLE BORDER="0" CELLBORDER="1" CELLSPACING="0" CELLPADDING="5" BGCOLOR="white" COLOR="${palette[style].line}">${rows.join('')}</TABLE>`;
}

const head = (style: Style): string => `BGCOLOR="${palette[style].head}"`;

function hubTable(hub: Hub, crowded: ReadonlySet<Port>): string {
  const style = hub.ours ? 'container' : 'other';
  const { addresses, ...rest } = hub;
  const texts = [hubTitle(hub), hubFacts({ ...rest, addresses: [] }).join(', '), ...addresses];
  const networks = Map.groupBy(
    hub.ports.filter((port) => crowded.has(port)),
    ownerText,
  );
  return table(style, [
    row(cell(texts, style, head(style), true)),
    ...hub.ports.flatMap((port, index) =>
      crowded.has(port) ? [] : [row(cell(portTexts(port), styleOf(port), `PORT="p${index}"`))],
    ),
    ...[...networks].map(([network, ports]) =>
      row(cell([`${ports.length} containers`, network], style, `PORT=${crowdPort(network)}`)),
    ),
  ]);
}

function portTexts(port: Port): readonly string[] {
  const { addresses, container, stale, kind, state } = port;
  const title = portTitle(port);
  const first = [title, kind === title.split(' ')[0] || kind === 'veth' ? '' : kind, vlanText(port.vlan)];
  const isUsual = state === 'up' || state === undefined;
  return [
    first.filter((text) => text !== '').join('  '),
    [isUsual ? '' : stateText(state), ...flagsOf(port)].filter((text) => text !== '').join(', '),
    ...(container === undefined ? addresses : []),
    ...(stale === undefined ? [] : [`stale: ${stale}`]),
  ];
}

function containerTable({ title, ends, style }: Drawn): string {
  return table(style, [
    row(cell([title], style, head(style), true)),
    ...ends.map(({ port, end }, index) =>
      row(cell([...interfaceTexts(end), ownerText(port)], styleOf(port), `PORT="i${index}"`)),
    ),
  ]);
}

function interfaceTexts({ ifname = '', addresses, mac, mtu, state }: Endpoint): readonly string[] {
  const facts = [mac ?? '', mtu === undefined ? '' : `mtu ${mtu}`, state === 'up' ? '' : stateText(state)];
  return [[ifname, ...addresses].join('  '), facts.filter((text) => text !== '').join('  ')];
}

function edgesTo(hubs: readonly Hub[], { ends }: Drawn, name: string): readonly string[] {
  return ends.map(({ port }, index) => {
    const hub = hubs.findIndex(({ ports }) => ports.includes(port));
    const at = hubs[hub]?.ports.indexOf(port) ?? 0;
    const style = styleOf(port);
    const look = { container: '', other: ' [color="#c8c8c8"]', stale: ' [color="#c0392b", style=dashed]' }[
      style
    ];
    return `h${hub}:p${at}:e -- ${name}:i${index}:w${look};`;
  });
}

/** Wider than high, as a page is: a cell is about three times as wide as it is high. */
const columnsFor = (count: number): number => Math.max(1, Math.round(Math.sqrt(count / 3)));

/** Down the columns, as one reads a list. */
function crowdTable({ network, ports }: Crowd): string {
  const columns = columnsFor(ports.length);
  const height = Math.ceil(ports.length / columns);
  const style = ports.some(({ ours }) => ours) ? 'container' : 'other';
  const rows = Array.from({ length: height }, (_, y) =>
    row(
      Array.from({ length: columns }, (_, x) => {
        const port = ports[x * height + y];
        return port === undefined ? '<TD></TD>' : crowdCell(port);
      }).join(''),
    ),
  );
  const title = cell(
    [`${ports.length} containers`, network],
    style,
    `PORT="t" COLSPAN="${columns}" ${head(style)}`,
    true,
  );
  return table(style, [row(title), ...rows]);
}

function crowdCell(port: Port): string {
  const { container, stale, state } = port;
  const facts = [portTitle(port), vlanText(port.vlan), ...flagsOf(port)];
  const texts = [
    containerTitle(container),
    [container?.ifname ?? '', ...(container?.addresses ?? [])].join(' '),
    [...facts, state === 'up' ? '' : stateText(state)].filter((text) => text !== '').join(' '),
    ...(stale === undefined ? [] : [`stale: ${stale}`]),
  ];
  return cell(texts, styleOf(port), stale === undefined ? '' : head('stale'), true);
}

function leftoverTable(texts: readonly string[]): string {
  return table('stale', [
    row(cell(['left behind by containers that are gone'], 'stale', head('stale'), true)),
    ...texts.map((text) => row(cell([text], 'stale'))),
  ]);
}
