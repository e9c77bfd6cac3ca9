/**
 * ovs: a port of an Open vSwitch bridge.
 *
 * ADD reads in the order in which the network is built: what is there, the link, the address, the rows in one
 * transaction, the sandbox.
 */
import { type Addressing, addressingOf, noAddressing } from '../../lib/attach/addressing.ts';
import { isAliasOf, type Names, namesOf } from '../../lib/attach/names.ts';
import { enterSandbox } from '../../lib/attach/sandbox.ts';
import { alreadyAttached } from '../../lib/attach/veth.ts';
import { reportUndo } from '../../lib/cni/log.ts';
import { type AttachmentContext, definePlugin, sandboxOf } from '../../lib/cni/plugin.ts';
import { hasDns, type Result } from '../../lib/cni/result.ts';
import type { Netns } from '../../lib/exec/host.ts';
import { pausableLock } from '../../lib/exec/lock.ts';
import { undoStack } from '../../lib/exec/undo.ts';
import { ipInSandbox } from '../../lib/ip/batch.ts';
import { readLinks, showDevice } from '../../lib/ip/read.ts';
import { check } from './check.ts';
import { type Config, configSchema } from './config.ts';
import { gc } from './gc.ts';
import { internalLink } from './internal.ts';
import type { Holding, Link } from './link.ts';
import { macOf } from './mac.ts';
import { plainConfig } from './plain.ts';
import { bridgeOf, makePort, noBridge } from './port.ts';
import { plugFunction } from './representor.ts';
import { isDead, isKernelDatapath, type OwnInterface, survey } from './rows.ts';
import { type Settings, settingsOf } from './settings.ts';
import { status } from './status.ts';
import { del, removeAttachment } from './teardown.ts';
import { plugVeth } from './veth.ts';
import { waitForPort } from './wait.ts';

export const ovs = definePlugin({
  name: 'ovs',
  kind: 'interface',
  about: 'plugs a container into an Open vSwitch bridge',
  config: { schema: configSchema, plain: plainConfig },
  args: ['MAC', 'IP', 'OvnPort'],
  add,
  del,
  check,
  gc,
  status,
  validate: settingsOf,
});

/** Place of the sandbox's link among the result's interfaces: the host's end, the sandbox's. */
const sandboxIndex = 1;

async function add(context: AttachmentContext<Config>): Promise<Result> {
  const { host, log, ipam, attachment } = context;
  const settings = settingsOf(context);
  const { database } = settings;
  const sandbox = sandboxOf(context);
  const names = namesOf(context);
  using holding = await pausableLock(host.runner, names.lock);
  await using undo = undoStack(reportUndo(log));

  const bridge = await bridgeOf(context, settings, holding);
  const found = await survey(host, database, { bridge, mark: names.identity.mark, holding });
  if (found.bridge === undefined && !settings.createBridge) throw noBridge(bridge);
  if (found.own && !isDead(host, found.own) && !(await isGoneFrom(context, names, found.own))) {
    const { containerId, ifname, network } = attachment;
    throw alreadyAttached(containerId, ifname, network, found.own.name);
  }

  const keepsName = isKernelDatapath(found);
  const link = await plug(context, names, settings, sandbox, { holding, undo, keepsName });
  let addressing = noAddressing;
  if (ipam) {
    undo.step('release the address', () => ipam.del());
    undo.step('take the lock again', () => holding.resume());
    // Another's plugin may take its time, and the lock is, by its hash, some other pods' too. Where there is a pair of
    // links already, that keeps a second ADD away.
    if (settings.portType !== 'internal' && ipam.type !== 'host-local') holding.pause();
    addressing = addressingOf(
      await ipam.add(),
      { gateway: false, defaultGateway: false, sandboxIndex },
      ipam.type,
    );
    await holding.resume();
  }
  const mac = macOf(settings, link, addressing.addresses);

  undo.step('remove the rows', () => removeAttachment(host, database, names, holding));
  await makePort(context, settings, names, { bridge, found, link, mac, holding });
  const mtu = (await link.settle()) ?? link.mtu;
  await enterSandbox(host, sandbox, {
    ifname: link.nameInside ?? attachment.ifname,
    altname: link.nameInside && attachment.ifname,
    // A function would keep it when it goes back to the host.
    alias: settings.portType === 'representor' ? undefined : names.alias,
    addressing,
    detectDuplicates: false,
    mac: settings.portType === 'veth' && mac === link.mac ? undefined : mac,
  });
  await waitForPort(host, settings, link);
  undo.keep();
  return resultOf(context, link, { mac, mtu, addressing });
}

/**
 * Whether an internal port's link is not in this sandbox, though the rows name it: a namespace that was made anew can
 * have the number of the one before it.
 */
async function isGoneFrom(
  { host, attachment, request, sandbox }: AttachmentContext<Config>,
  names: Names,
  { type, marks }: OwnInterface,
): Promise<boolean> {
  if (type !== 'internal' || marks['netns'] !== request.netns || sandbox === undefined) return false;
  const documents = await ipInSandbox(host, sandbox, [showDevice(attachment.ifname)], { force: true });
  return !documents.flatMap(readLinks).some(({ ifalias }) => isAliasOf(names, ifalias));
}

async function plug(
  context: AttachmentContext<Config>,
  names: Names,
  settings: Settings,
  sandbox: Netns,
  holding: Holding & { readonly keepsName: boolean },
): Promise<Link> {
  if (settings.deviceId !== undefined)
    return plugFunction(context, settings.deviceId, settings, sandbox, holding);
  return settings.portType === 'internal'
    ? internalLink(context, names, settings, sandbox, holding)
    : plugVeth(context, names, settings, sandbox, holding);
}

interface Made {
  readonly mac: string;
  readonly mtu: number | undefined;
  readonly addressing: Addressing;
}

/** interfaces: the host's end, the sandbox's. */
function resultOf(
  { attachment, config, request }: AttachmentContext<Config>,
  { port, hostMac }: Link,
  { mac, mtu, addressing }: Made,
): Result {
  return {
    interfaces: [
      { name: port, mac: hostMac, mtu },
      { name: attachment.ifname, mac, mtu, sandbox: request.netns },
    ],
    ips: addressing.ips,
    routes: addressing.routes,
    dns: hasDns(config.dns) ? config.dns : addressing.dns,
  };
}
