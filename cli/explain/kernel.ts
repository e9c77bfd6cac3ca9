/** The kernel's files as they would be by now: what a call writes there becomes a step. */
import { CniError, ErrorCode } from '../../lib/errors.ts';
import type { Kernel } from '../../lib/exec/host.ts';
import type { LinkJson } from './links.ts';
import type { Plan } from './plan.ts';

export function planningKernel(plan: Plan, real: Kernel): Kernel {
  const written = new Map<string, string>();
  const { links, spaces } = plan;
  const fateOf = (device: string): LinkJson | null | undefined => links.fate(spaces.node, device);

  const read = (path: string, atMost?: number): string | undefined => {
    const value = written.get(path);
    if (value !== undefined) return value;
    const [, device = '', file = ''] = /^\/sys\/class\/net\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
    const fate = device === '' ? undefined : fateOf(device);
    if (fate === undefined) return real.read(path, atMost);
    return fate === null ? undefined : fileOfLink(fate, file);
  };

  return {
    read,
    exists(path) {
      const [, family = '', device = '', rest = ''] =
        /^\/proc\/sys\/net\/(ipv[46])\/conf\/([^/]+)(\/.*)?$/.exec(path) ?? [];
      const fate = device === '' ? undefined : fateOf(device);
      if (fate === undefined) return real.exists(path);
      // Below this MTU a link has no IPv6 (RFC 8200, section 5).
      const hasFamily = family === 'ipv4' || Number(fate?.['mtu']) >= 1280;
      return fate !== null && hasFamily && real.exists(`/proc/sys/net/${family}/conf/default${rest}`);
    },
    list(path, atMost) {
      const address = /^\/sys\/bus\/pci\/devices\/([^/]+)\/net$/.exec(path)?.[1];
      if (address === undefined) return real.list(path, atMost);
      const here = real.list(path).filter((name) => fateOf(name) !== null);
      const come = links.touched(spaces.node).filter(({ parentdev }) => parentdev === address);
      return [...new Set([...here, ...come.map(({ ifname }) => ifname)])].slice(0, atMost);
    },
    write(path, value) {
      if (read(path) === value) return;
      if (path.endsWith('/sriov_numvfs')) throw functionsMissing(path, value);
      written.set(path, value);
      plan.step({ kind: 'setting', why: whyOfSetting(path), path, value });
    },
  };
}

/** As sysfs has it of a link that a step has made, and that both of its ends have brought up. */
function fileOfLink(link: LinkJson, file: string): string | undefined {
  switch (file) {
    case 'operstate':
      return 'up';
    case 'carrier':
      return '1';
    case 'flags':
      // Up, running, and promiscuous, as a port of Open vSwitch is.
      return '0x1143';
    case 'ifalias':
    case 'address': {
      const value = link[file];
      return typeof value === 'string' ? value : undefined;
    }
    default:
      return undefined;
  }
}

/** What they are called, and their addresses, is for the driver to say. */
function functionsMissing(path: string, count: string): CniError {
  return new CniError(
    ErrorCode.tryAgainLater,
    `numVfs: the call would make ${count} virtual functions first ("echo ${count} > ${path}"), and what follows depends on them; make them, and explain the call again`,
  );
}

const purposes: readonly (readonly [RegExp, string])[] = [
  [/\/ip_forward$/, 'the node forwards IPv4'],
  [/\/all\/forwarding$/, 'the node forwards IPv6'],
  [/\/accept_ra$/, "what routers advertise on the link: no route that is not the plugin's own"],
  [/\/ifalias$/, 'the label of the link goes'],
];

function whyOfSetting(path: string): string {
  return purposes.find(([pattern]) => pattern.test(path))?.[1] ?? 'a setting of the kernel';
}
