/** Files of a made-up host: those that a test names, and those below /sys and /proc/sys that follow from its links. */
import type { Kernel } from '../../../lib/exec/host.ts';
import type { MadeUpLink } from './machine.ts';

type Links = ReadonlyMap<string, MadeUpLink>;

const netFolder = '/sys/class/net';
const devicesFolder = '/sys/bus/pci/devices';

/**
 * @param files by path; the folders on the way are there with them
 * @param symlinks by path, to whole paths
 * @param linksOf the host, as they are by now
 */
export function sysfs(
  files: ReadonlyMap<string, string>,
  symlinks: ReadonlyMap<string, string>,
  linksOf: () => Links,
): Pick<Kernel, 'read' | 'exists' | 'list'> {
  const namesBelow = (folder: string): readonly string[] =>
    [...files.keys(), ...symlinks.keys()].flatMap((path) =>
      path.startsWith(`${folder}/`) ? (path.slice(folder.length + 1).split('/')[0] ?? []) : [],
    );
  const resolve = (path: string): string => {
    const [from, to] = [...symlinks].find(([link]) => path === link || path.startsWith(`${link}/`)) ?? [];
    return from === undefined || to === undefined ? path : resolve(`${to}${path.slice(from.length)}`);
  };
  return {
    read(given) {
      const path = resolve(given);
      const [, device = '', file = ''] = /^\/sys\/class\/net\/([^/]+)\/(\w+)$/.exec(path) ?? [];
      const links = linksOf();
      const link = links.get(device);
      const known = link && fileOf(link, links, file);
      return known ?? files.get(path);
    },
    exists(given) {
      const path = resolve(given);
      const [, device] = /^\/proc\/sys\/net\/ipv[46]\/conf\/(.+)$/.exec(path) ?? [];
      if (device !== undefined && linksOf().has(device)) return true;
      return files.has(path) || namesBelow(path).length > 0;
    },
    list(given) {
      const path = resolve(given);
      const links = linksOf();
      return [...new Set([...linksIn(path, links), ...namesBelow(path)])];
    },
  };
}

function fileOf(link: MadeUpLink, links: Links, file: string): string | undefined {
  const hasPorts = [...links.values()].some(({ master }) => master === link.ifname);
  const known: Readonly<Record<string, string | undefined>> = {
    address: link.address,
    // IFF_PROMISC is the one that is looked at.
    flags: link.flags.includes('PROMISC') ? '0x1103' : '0x1003',
    operstate: link.operstate.toLowerCase(),
    ifalias: link.ifalias ?? '',
    carrier: hasPorts ? '1' : '0',
  };
  return known[file];
}

/** The host's links, a bridge's ports, a device's links. */
function linksIn(folder: string, links: Links): readonly string[] {
  if (folder === netFolder) return [...links.keys()];
  const [, bridge] = /^\/sys\/class\/net\/([^/]+)\/brif$/.exec(folder) ?? [];
  const [, device] = folder.startsWith(devicesFolder) ? (/\/([^/]+)\/net$/.exec(folder) ?? []) : [];
  return [...links.values()]
    .filter(
      ({ master, parentdev }) =>
        (bridge !== undefined && master === bridge) || (device !== undefined && parentdev === device),
    )
    .map(({ ifname }) => ifname);
}
