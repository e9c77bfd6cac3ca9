/**
 * The index entry of an attachment: one small text file that lists the addresses which may be reserved for it.
 *
 *     plumbline-index 1
 *     machine 4c1f…
 *     boot 0a2b…
 *     container c1
 *     interface eth0
 *     address 10.0.0.2
 *
 * An address is appended before it is reserved, so the list holds at least what is reserved, at every moment. A line
 * too many does no harm, since a reservation's own content decides. A last line without its end was cut by a crash
 * and counts for nothing.
 */

export interface Owner {
  readonly containerId: string;
  readonly ifname: string;
}

/** Where and since when something runs: network namespaces outlive neither. */
export interface Origin {
  readonly machine: string;
  readonly boot: string;
}

export interface IndexEntry extends Owner, Origin {
  readonly addresses: readonly string[];
}

const firstLine = 'plumbline-index 1';

/** The text of a new entry; identities are one line each, as the edge has checked. */
export function formatEntry({ machine, boot, containerId, ifname, addresses }: IndexEntry): string {
  const lines = [
    firstLine,
    `machine ${machine}`,
    `boot ${boot}`,
    `container ${containerId}`,
    `interface ${ifname}`,
  ];
  return `${lines.join('\n')}\n${addresses.map(formatAddressLine).join('')}`;
}

export function formatAddressLine(address: string): string {
  return `address ${address}\n`;
}

/** An entry's text read; undefined where it is torn, or of a later format. */
export function parseEntry(text: string): IndexEntry | undefined {
  const [first, ...lines] = text.split('\n').slice(0, -1);
  if (first !== firstLine) return undefined;
  const values = new Map<string, string>();
  const addresses = new Set<string>();
  for (const line of lines) {
    const [key, value] = splitOnce(line);
    if (key === 'address') addresses.add(value);
    else values.set(key, value);
  }
  const [machine, boot] = [values.get('machine'), values.get('boot')];
  const [containerId, ifname] = [values.get('container'), values.get('interface')];
  if (!machine || !boot || !containerId || !ifname) return undefined;
  return { machine, boot, containerId, ifname, addresses: [...addresses] };
}

function splitOnce(line: string): readonly [key: string, value: string] {
  const at = line.indexOf(' ');
  return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}
