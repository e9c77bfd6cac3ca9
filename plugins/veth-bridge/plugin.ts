/**
 * veth-bridge: a veth pair, one end in the container, the other a port of a Linux bridge.
 *
 * ADD reads in the order in which the network is built. How a step is done is in the module it comes from.
 */
import { type Addressing, addressingOf, noAddressing } from '../../lib/attach/addressing.ts';
import { withAddress } from '../../lib/attach/beside.ts';
import { enterSandbox } from '../../lib/attach/sandbox.ts';
import { deleteVeth } from '../../lib/attach/veth.ts';
import { reportUndo } from '../../lib/cni/log.ts';
import { type AttachmentContext, definePlugin, sandboxOf } from '../../lib/cni/plugin.ts';
import { hasDns, type Result } from '../../lib/cni/result.ts';
import { undoStack } from '../../lib/exec/undo.ts';
import { waitForLink, waitForUniqueAddresses } from '../../lib/ip/port.ts';
import { ensureUplink } from '../../lib/ip/uplink.ts';
import { dropNetworkChains } from '../../lib/nft/rules.ts';
import { namesOf } from './attachment.ts';
import { ensureBridge, ensureGateway, mendBridge } from './bridge.ts';
import { check } from './check.ts';
import { type Config, configSchema, type Settings, settingsOf } from './config.ts';
import { gc } from './gc.ts';
import { plainConfig } from './plain.ts';
import { putRules, removeRules } from './rules.ts';
import { status } from './status.ts';
import { del } from './teardown.ts';
import { plugVeth, type Veth } from './veth.ts';
import { setVlans } from './vlan.ts';

export const vethBridge = definePlugin({
  name: 'veth-bridge',
  kind: 'interface',
  about: 'plugs a container into a Linux bridge by a veth pair',
  config: { schema: configSchema, plain: plainConfig },
  args: ['MAC', 'IP'],
  add,
  del,
  check,
  gc,
  status,
  validate: settingsOf,
});

/** Place of the sandbox's end among the result's interfaces: bridge, host's end, sandbox's end. */
const sandboxIndex = 2;

async function add(context: AttachmentContext<Config>): Promise<Result> {
  const { config, host, log, ipam } = context;
  const settings = settingsOf(context);
  const sandbox = sandboxOf(context);
  const names = namesOf(context);
  await using undo = undoStack(reportUndo(log));

  if (config.uplink) {
    await ensureBridge(host, settings);
    await ensureUplink(host, settings.bridge, config.uplink, settings.gateway);
  }
  const askForAddress = async (after?: Promise<void>): Promise<Addressing> => {
    if (!ipam) return noAddressing;
    const given = ipam.add(after);
    given.catch(() => undefined);
    // Not before it is known that this is no second ADD: the address of the first would go.
    await after;
    undo.step('release the address', () => ipam.del());
    return addressingOf(await given, { ...settings, sandboxIndex }, ipam.type);
  };
  // The kernel refuses a second pair of these names: the guard against a second ADD, so it comes before all else.
  const { link: veth, addressing: given } = await withAddress(
    (isOurs) =>
      plugVeth(context, names, settings, sandbox, (made) => {
        undo.step(`delete ${made}`, async () => {
          await deleteVeth(host, names);
        });
        isOurs();
      }),
    ipam?.isOurs() ? askForAddress : undefined,
  );
  await mendBridge(host, veth.bridge, config, settings);
  if (settings.vlans) await setVlans(host, names.host, veth.bridge, settings.vlans, names.lock);

  const addressing = given ?? (await askForAddress());
  if (settings.gateway) {
    const known = settings.gatewayDevice === settings.bridge ? veth.bridge : undefined;
    await ensureGateway(host, settings.gatewayDevice, known, addressing.gateways, config);
  }

  // Before the sandbox can send its first frame.
  const guarded = { mac: veth.sandboxMac, addresses: addressing.addresses };
  let giveBack = async (): Promise<void> => undefined;
  undo.step('remove the rules', async () => {
    const forget = await removeRules(host, config, names, guarded);
    await giveBack();
    if (config.ipMasq) await dropNetworkChains(host, names.owner.network);
    await forget();
  });
  giveBack = await putRules(host, config, names, guarded, veth.madeBridge);

  if (!config.disableContainerInterface) {
    await enterSandbox(host, sandbox, {
      ifname: context.attachment.ifname,
      alias: names.alias,
      addressing,
      detectDuplicates: config.enabledad,
    });
    await waitForLink(host, names.host, veth.hostMac);
    if (config.enabledad && addressing.addresses.some(({ address }) => address.family === 6)) {
      await waitForUniqueAddresses(host, sandbox, context.attachment.ifname);
    }
  }
  undo.keep();
  return resultOf(context, settings, veth, addressing);
}

/** interfaces: bridge, host's end, sandbox's end, and the VLAN's gateway where there is one. */
function resultOf(
  context: AttachmentContext<Config>,
  settings: Settings,
  veth: Veth,
  addressing: Addressing,
): Result {
  const { attachment, config, request } = context;
  const { bridge, gatewayDevice } = settings;
  return {
    interfaces: [
      { name: bridge, mac: veth.bridge.address, mtu: veth.bridge.mtu },
      { name: veth.host, mac: veth.hostMac, mtu: veth.mtu },
      { name: attachment.ifname, mac: veth.sandboxMac, mtu: veth.mtu, sandbox: request.netns },
      ...(gatewayDevice === bridge ? [] : [{ name: gatewayDevice }]),
    ],
    ips: addressing.ips,
    routes: addressing.routes,
    dns: hasDns(config.dns) ? config.dns : addressing.dns,
  };
}
