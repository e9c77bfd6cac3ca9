/** Neighbours are told where an address is now: the one who had it before may have had another MAC address. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host, Netns } from '../../lib/exec/host.ts';
import { ipInSandbox } from '../../lib/ip/batch.ts';
import { setMac } from '../../lib/ip/link.ts';
import { readLinks, showDevice } from '../../lib/ip/read.ts';

/** Milliseconds between looks. About 3 s: a NIC that negotiates with its function takes a second or two. */
const patience = [0, 20, 50, 100, 200, 300, 400, 500, 700, 900];

/**
 * Waits for the carrier, and has the kernel send a gratuitous ARP and an unsolicited neighbour advertisement: it does so
 * for a link with arp_notify and ndisc_notify when it comes up, but then there is no carrier yet, and again whenever its
 * MAC address is set, be it to the same.
 * @param mac that the link has
 * @returns whether there is a carrier: without one there is nobody to be told
 */
export async function announce(
  host: Host,
  sandbox: Netns,
  { ifname, mac }: { readonly ifname: string; readonly mac: string },
): Promise<boolean> {
  for (const pause of patience) {
    await sleep(pause);
    // In this order: with a carrier before, what is sent goes out.
    const lines = [showDevice(ifname), setMac(ifname, mac)];
    const [link] = (await ipInSandbox(host, sandbox, lines, { force: true })).flatMap(readLinks);
    if (link === undefined) return false;
    if (link.flags.includes('LOWER_UP')) return true;
  }
  return false;
}
