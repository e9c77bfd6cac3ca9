/** The veth pair, made in one child that also reads what the rest of the call must know of the bridge. */
import { takenName } from '../../lib/attach/veth.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import { randomMac } from '../../lib/exec/digest.ts';
import type { Host, Netns } from '../../lib/exec/host.ts';
import { type BatchOptions, type IpError, ipBatch, isIpError } from '../../lib/ip/batch.ts';
import type { Command } from '../../lib/ip/command.ts';
import { linkExists } from '../../lib/ip/exists.ts';
import { addVeth, setAlias, setPort, setUp } from '../../lib/ip/link.ts';
import { type LinkInfo, readLink, showDevice } from '../../lib/ip/read.ts';
import { once } from '../../lib/once.ts';
import type { Names } from './attachment.ts';
import { bridgeCommands, ignoreAdvertisements, refuseOtherKind } from './bridge.ts';
import type { Config, Settings } from './config.ts';

export interface Veth {
  /** Name of the host's end. */
  readonly host: string;
  readonly hostMac: string;
  readonly sandboxMac: string;
  readonly mtu: number | undefined;
  /** The bridge with its addresses, as they stood when the port was made. */
  readonly bridge: LinkInfo;
  /** Whether this call has made the bridge. */
  readonly madeBridge: boolean;
}

/**
 * Makes the pair, and its host's end a port of the bridge.
 * @param made is told once, as soon as there is something that a failure must take back
 * @throws CniError 102 where either end's name is taken; then nothing was made
 */
export async function plugVeth(
  context: AttachmentContext<Config>,
  names: Names,
  settings: Settings,
  sandbox: Netns,
  made: (host: string) => void,
): Promise<Veth> {
  const { host, config, attachment } = context;
  const hostMac = randomMac();
  const sandboxMac = settings.mac ?? randomMac();
  const pair = addVeth({
    host: { name: names.host, mac: hostMac },
    sandbox: { name: attachment.ifname, mac: sandboxMac, netns: sandbox.ref },
    mtu: settings.mtu,
    master: settings.bridge,
  });
  const bridge = bridgeCommands(host, settings);
  const port = [
    pair,
    setAlias(names.host, names.alias),
    // Printed as soon as there is a pair of ours.
    showDevice(names.host),
    ...setPort(names.host, { hairpin: config.hairpinMode, isolated: config.portIsolation }),
    setUp(names.host),
    showDevice(settings.bridge),
  ];
  const isMade = once(() => made(names.host));
  try {
    const options = { lock: names.lock, beside: { onOutput: isMade } };
    const documents = await makeAll(host, bridge, port, options);
    isMade();
    const [link, master] = documents.map(readLink);
    refuseOtherKind(master, settings.bridge);
    ignoreAdvertisements(host, names.host);
    return {
      host: names.host,
      hostMac,
      sandboxMac,
      mtu: link?.mtu,
      bridge: master,
      madeBridge: bridge.length > 0,
    };
  } catch (error) {
    if (!isIpError(error)) throw error;
    if (error.failed > port.indexOf(pair)) isMade();
    else throw await explain(error, context, names, settings);
    throw error;
  }
}

/** Bridge and pair in one child; where another call has made the bridge meanwhile, the pair alone. */
async function makeAll(
  host: Host,
  bridge: readonly Command[],
  port: readonly Command[],
  options: BatchOptions,
): Promise<unknown[]> {
  try {
    return await ipBatch(host, [...bridge, ...port], options);
  } catch (error) {
    if (!isIpError(error)) throw error;
    const ofBridge = error.failed >= 0 && error.failed < bridge.length;
    if (ofBridge && isIpError(error, 'exists')) return ipBatch(host, port, options);
    // Told as a failure of the pair's batch: what failed in the bridge's lines made no pair.
    throw ofBridge ? error.at(-1) : error.at(error.failed - bridge.length);
  }
}

/** Which of the two names is taken, or what else is in the way. */
async function explain(
  error: IpError,
  context: AttachmentContext<Config>,
  names: Names,
  settings: Settings,
): Promise<CniError> {
  const { host, request } = context;
  // Told by what failed: a line that makes the bridge, or none at all.
  if (error.failed < 0) return error;
  const reason = (['exists', 'invalid'] as const).find((candidate) => isIpError(error, candidate));
  if (reason === 'exists') {
    return takenName(context, names, error, context.config.hostInterfaceName && 'hostInterfaceName');
  }
  if (reason === 'invalid' && !linkExists(host, names.host)) {
    return new CniError(
      ErrorCode.invalidNetns,
      `CNI_NETNS: ${show(request.netns)} is not a network namespace, or the kernel refuses the pair: ${error.reason}`,
      error.details,
    );
  }
  const [document] = await ipBatch(host, [showDevice(settings.bridge)], { force: true });
  refuseOtherKind(document === undefined ? undefined : readLink(document), settings.bridge);
  return error;
}
