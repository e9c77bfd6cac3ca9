/** A tree for a terminal: a line a port, in columns. */
import { visible } from '../../visible.ts';
import type { Hub, Port, Topology } from '../model.ts';
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

/** Select Graphic Rendition, ECMA-48. */
const styles = { bold: '1', grey: '90', red: '31' } as const;
type Style = keyof typeof styles;
type Paint = (style: Style | undefined, text: string) => string;

export function renderTree({ hubs, leftovers }: Topology, hasColours: boolean): string {
  const paint: Paint = (style, text) =>
    hasColours && style !== undefined ? `\u001b[${styles[style]}m${text}\u001b[0m` : text;
  const groups = hubs.map((hub) => hubLines(hub, paint));
  if (leftovers.length > 0) {
    const lines = leftovers.map((leftover) => paint('red', visible(leftoverText(leftover))));
    groups.push([paint('bold', 'left behind by containers that are gone'), ...branches(lines)]);
  }
  if (groups.length === 0) return 'there is neither a bridge nor a master on this node\n';
  return groups.map((lines) => lines.map((line) => `${line}\n`).join('')).join('\n');
}

function hubLines(hub: Hub, paint: Paint): readonly string[] {
  const title = visible(hubTitle(hub));
  const facts = visible(hubFacts(hub).join(', '));
  const head = [paint(hub.ours ? 'bold' : 'grey', title), hub.ours ? facts : paint('grey', facts)];
  const rows = hub.ports.map((port) => cellsOf(port, hub).map(visible));
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => [...(row[column] ?? '')].length)),
  );
  const lines = rows.map((row, index) => paint(styleOf(hub.ports[index]), joinCells(row, widths)));
  return [head.filter((text) => text !== '').join('  '), ...branches(lines)];
}

/** A column that is empty in all rows takes no room. */
function joinCells(row: readonly string[], widths: readonly number[]): string {
  return row
    .flatMap((cell, column) => {
      const width = widths[column] ?? 0;
      return width === 0 ? [] : [cell + ' '.repeat(width - [...cell].length)];
    })
    .join('  ')
    .trimEnd();
}

const branches = (lines: readonly string[]): readonly string[] =>
  lines.map((line, index) => `${index === lines.length - 1 ? '└─' : '├─'} ${line}`);

function styleOf(port: Port | undefined): Style | undefined {
  if (port?.stale !== undefined) return 'red';
  return port?.ours ? undefined : 'grey';
}

function cellsOf(port: Port, hub: Hub): readonly string[] {
  const { container, stale } = port;
  const mtu = container?.mtu ?? port.mtu;
  return [
    portTitle(port),
    port.kind === portTitle(port).split(' ')[0] ? '' : port.kind,
    stateText(port.state),
    vlanText(port.vlan),
    flagsOf(port).join(' '),
    stale === undefined ? containerTitle(container) : `STALE ${containerTitle(container)}`.trimEnd(),
    container?.ifname ?? '',
    [...port.addresses, ...(container?.addresses ?? [])].join(' '),
    container?.mac ?? (container === undefined ? (port.mac ?? '') : ''),
    mtu === hub.mtu || mtu === undefined ? '' : `mtu ${mtu}`,
    container?.state === undefined || container.state === port.state
      ? ''
      : `${stateText(container.state)} inside`,
    stale ?? ownerText(port),
  ];
}
