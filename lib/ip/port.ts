/** Waits: for a link to carry traffic, for IPv6 addresses to be proven unique. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CniError, ErrorCode } from '../errors.ts';
import type { Host, Netns } from '../exec/host.ts';
import { ipBatch, ipInSandbox } from './batch.ts';
import { readLink, showDevice } from './read.ts';

/** Milliseconds between looks; the first ones close together, since most links are up at once. About 2.5 s in all. */
const patience = [0, 1, 2, 5, 10, 20, 50, 100, 200, 400, 700, 1000];
/**
 * Further looks, a second apart, at a link that has its carrier: both of its ends are up, and the kernel is only late to
 * say so. It does that in a work item that queues for RTNL behind everybody else: 100 ADDs on a busy node keep it for seconds.
 */
const furtherLooks = 20;
const lastPause = 1000;

/**
 * Waits until a link of the host is operationally up.
 * @param mac tells that the link /sys shows is ours: /sys shows the namespace of whoever mounted it
 * @param limit milliseconds that a link without a carrier has; about 2500 by default
 * @throws CniError 105 with the state it was left in
 */
export async function waitForLink(
  host: Host,
  device: string,
  mac: string,
  limit: number = patience.reduce((sum, pause) => sum + pause),
): Promise<void> {
  let waited = 0;
  let link = await readState(host, device, mac);
  for (let look = 1; link.state !== 'up'; look += 1) {
    if (waited >= limit + (link.hasCarrier ? furtherLooks * lastPause : 0)) {
      throw new CniError(
        ErrorCode.linkDown,
        `the bridge port ${device} is ${link.state} and not up after ${(waited / 1000).toFixed(1)} s; ` +
          `see "ip -details link show dev ${device}"`,
      );
    }
    const pause = Math.min(
      patience[look] ?? lastPause,
      link.hasCarrier ? lastPause : Math.max(0, limit - waited),
    );
    await sleep(pause);
    waited += pause;
    link = await readState(host, device, mac);
  }
}

interface LinkState {
  /** RFC 2863's ifOperStatus, as /sys writes it; `gone` where there is no such link. */
  readonly state: string;
  readonly hasCarrier: boolean;
}

async function readState(host: Host, device: string, mac: string): Promise<LinkState> {
  const folder = `/sys/class/net/${device}`;
  const readOperstate = (): string => host.kernel.read(`${folder}/operstate`) ?? 'gone';
  if (host.kernel.read(`${folder}/address`) === mac) {
    if (readOperstate() === 'up') return { state: 'up', hasCarrier: true };
    // Asked for the carrier, Linux 6.8 and later bring the link's state up to date; so that comes first.
    const hasCarrier = host.kernel.read(`${folder}/carrier`) === '1';
    return { state: readOperstate(), hasCarrier };
  }
  const [document] = await ipBatch(host, [showDevice(device)]);
  const link = readLink(document);
  return {
    state: link?.operstate?.toLowerCase() ?? 'gone',
    hasCarrier: link?.flags.includes('LOWER_UP') ?? false,
  };
}

/** Duplicate address detection takes about a second; 5 s is what ADD waits for it. */
const dadSteps = 50;
const dadStep = 100;

/**
 * Waits until no address of the sandbox's interface is tentative.
 * @throws CniError 103 for an address that another machine has, 105 where detection does not end
 */
export async function waitForUniqueAddresses(host: Host, sandbox: Netns, device: string): Promise<void> {
  let tentative: string[] = [];
  for (let step = 0; step < dadSteps; step += 1) {
    const [document] = await ipInSandbox(host, sandbox, [showDevice(device)]);
    const addresses = readLink(document)?.addr_info ?? [];
    const failed = addresses.filter(({ dadfailed }) => dadfailed).map(({ local }) => local);
    if (failed.length > 0) {
      throw new CniError(
        ErrorCode.noAddress,
        `duplicate address detection failed: another machine on the network has ${failed.join(', ')}`,
      );
    }
    tentative = addresses.filter((info) => info.tentative).map(({ local }) => local);
    if (tentative.length === 0) return;
    await sleep(dadStep);
  }
  throw new CniError(
    ErrorCode.linkDown,
    `duplicate address detection of ${tentative.join(', ')} on ${device} has not ended after 5 s; is the link up?`,
  );
}
