/** The way home of a virtual function's link: out of a sandbox, or awaited, and under which name. */
import type { Host, Netns } from '../../lib/exec/host.ts';
import { ipInSandbox } from '../../lib/ip/batch.ts';
import { linkExists } from '../../lib/ip/exists.ts';
import { moveAs, setDown } from '../../lib/ip/link.ts';
import { kindOf, type LinkInfo, readLinks } from '../../lib/ip/read.ts';
import { hasUserspaceDriver, type Located } from '../../lib/pci/function.ts';
import { awaitNetdev } from '../../lib/pci/return.ts';
import type { State } from './state.ts';

/**
 * Out of the sandbox, by the PCI address that the kernel tells of it; or awaited, where the sandbox has died.
 * @returns whether it is on the host now, or has no link that could be
 */
export async function bringHome(
  host: Host,
  located: Located,
  state: State | undefined,
  sandbox: Netns | undefined,
): Promise<boolean> {
  const { vf } = located;
  // Bound to a driver of userspace, or to none.
  if (vf.netdev !== undefined || vf.driver === undefined || hasUserspaceDriver(vf)) return true;
  if (sandbox !== undefined) {
    const link = await findIn(host, sandbox, vf.address, namesInside(state));
    if (link !== undefined) {
      const name = freeName(host, located, state?.link?.name);
      using own = host.openNetns('/proc/self/ns/net', true);
      await ipInSandbox(host, sandbox, [setDown(link.ifname), moveAs(link.ifname, own.ref, name)]);
      return true;
    }
  }
  return (await awaitNetdev(host, vf.address)) !== undefined;
}

/** Names that the link of a state may have in its sandbox. */
export const namesInside = (state: State | undefined): readonly string[] =>
  [state?.holder.ifname, state?.link?.name].filter((name) => name !== undefined);

/**
 * The link of a PCI device in a sandbox, whatever its name.
 * @param names by which it is found where the kernel or ip tells no link's device (before 5.14)
 */
export async function findIn(
  host: Host,
  sandbox: Netns,
  address: string,
  names: readonly string[],
): Promise<LinkInfo | undefined> {
  const links = await linksIn(host, sandbox);
  const found = links.find(({ parentdev }) => parentdev === address);
  if (found !== undefined || links.some(({ parentdev }) => parentdev !== undefined)) return found;
  return links.find((link) => names.includes(link.ifname) && kindOf(link) === undefined);
}

export async function linksIn(host: Host, sandbox: Netns): Promise<readonly LinkInfo[]> {
  const [document] = await ipInSandbox(host, sandbox, [['address', 'show']]);
  return readLinks(document);
}

/** The name that is wanted, or one that nobody has: `<PF>v<index>`, as udev names functions. */
export function freeName(host: Host, { pf, vf }: Located, wanted: string | undefined): string {
  const usual = `${(pf.netdev ?? 'vf').slice(0, 15 - `v${vf.index}`.length)}v${vf.index}`;
  const names = [wanted, usual, ...Array.from({ length: 1000 }, (_, index) => `vf${index}`)];
  const isFree = (name: string | undefined): name is string =>
    name !== undefined && (name === vf.netdev || !linkExists(host, name));
  return names.find(isFree) ?? usual;
}
