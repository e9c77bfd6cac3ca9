/** Waits: for a link to carry traffic, for IPv6 addresses to be proven unique. */
import { setTimeout as sleep } from 'node:timers/promises';
import { CniError, ErrorCode } from '../errors.ts';
import type { Host, Netns } from '../exec/host.ts';
import { ipBatch, ipInSandbox } from './batch.ts';
import { readLink, showDevice } from './read.ts';

/** Milliseconds between looks; the first ones close together, since most links are up at once. About 2.5 s in all. */
const patience = [0, 1, 2, 5, 10, 20, 50, 100, 200, 400, 700, 1000];

/**
 * Waits until a link of the host is operationally up.
 * @param mac tells that the link /sys shows is ours: /sys shows the namespace of whoever mounted it
 * @throws CniError 105 with the state it was left in
 */
export async function waitForLink(host: Host, device: string, mac: string): Promise<void> {
  let state = 'unknown';
  for (const pause of patience) {
    if (pause > 0) await sleep(pause);
    state = await operationalState(host, device, mac);
    if (state === 'up') return;
  }
  throw new CniError(
    ErrorCode.linkDown,
    `the bridge port ${device} is ${state} and not up after 2.5 s; see "ip -details link show dev ${device}"`,
  );
}

async function operationalState(host: Host, device: string, mac: string): Promise<string> {
  const folder = `/sys/class/net/${device}`;
  if (host.kernel.read(`${folder}/address`) === mac) return host.kernel.read(`${folder}/operstate`) ?? 'gone';
  const [document] = await ipBatch(host, [showDevice(device)]);
  return readLink(document)?.operstate?.toLowerCase() ?? 'gone';
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
