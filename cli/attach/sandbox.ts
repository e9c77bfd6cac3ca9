/** What is in a container's network namespace, as far as an attachment is concerned. */
import type { Host, Netns } from '../../lib/exec/host.ts';
import { ipInSandbox } from '../../lib/ip/batch.ts';
import { readLinks, readRoutes, showAllRoutes } from '../../lib/ip/read.ts';
import type { Family } from '../../lib/net/address.ts';

export interface Inside {
  /** MAC addresses of the links, by name. */
  readonly links: ReadonlyMap<string, string>;
  /** Families that have a default route in the main table. */
  readonly defaultRoutes: ReadonlySet<Family>;
}

/** @throws CniError where the namespace cannot be entered */
export async function lookInside(host: Host, netns: Netns): Promise<Inside> {
  const commands = [['address', 'show'], ...showAllRoutes] as const;
  const [links, routes4, routes6] = await ipInSandbox(host, netns, commands, { force: true });
  const hasDefault = (document: unknown): boolean =>
    readRoutes(document).some(
      ({ dst, table, type }) =>
        dst === 'default' && ['main', undefined].includes(table) && ['unicast', undefined].includes(type),
    );
  const families = [
    ...(hasDefault(routes4) ? [4 as const] : []),
    ...(hasDefault(routes6) ? [6 as const] : []),
  ];
  return {
    links: new Map(readLinks(links).map(({ ifname, address = '' }) => [ifname, address])),
    defaultRoutes: new Set(families),
  };
}
