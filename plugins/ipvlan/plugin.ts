/** ipvlan: a link that shares its master's MAC address and has addresses of its own. */
import { type Addressing, addressingOf } from '../../lib/attach/addressing.ts';
import { ipamFaults, refuseFaults, resultToCheck, sandboxFaults } from '../../lib/attach/check.ts';
import { childFaults, masterOf, plugChild, unplugChild } from '../../lib/attach/child.ts';
import { childStatus, collect } from '../../lib/attach/child-node.ts';
import { namesOf } from '../../lib/attach/names.ts';
import { recordedIn } from '../../lib/attach/recorded.ts';
import { withRelease } from '../../lib/attach/release.ts';
import { enterSandbox } from '../../lib/attach/sandbox.ts';
import { reportUndo } from '../../lib/cni/log.ts';
import { type AttachmentContext, type Context, definePlugin, sandboxOf } from '../../lib/cni/plugin.ts';
import { emptyResult, hasDns, type Result } from '../../lib/cni/result.ts';
import { doAll } from '../../lib/errors.ts';
import { undoStack } from '../../lib/exec/undo.ts';
import { addressesOf, kindOf, type LinkInfo } from '../../lib/ip/read.ts';
import { formatCidr } from '../../lib/net/address.ts';
import { type Config, configSchema, isLayer3, planOf, refuseContradictions, refuseMac } from './config.ts';
import {
  claimedMaster,
  claimMode,
  collectModes,
  lockMode,
  releaseEverywhere,
  releaseMode,
} from './mode-guard.ts';
import { plainConfig } from './plain.ts';

export const ipvlan = definePlugin({
  name: 'ipvlan',
  kind: 'interface',
  about: "gives a container a link that shares the MAC address of the node's NIC",
  config: { schema: configSchema, plain: plainConfig },
  args: ['IP'],
  add,
  del,
  check,
  gc: (context) =>
    collect(context, async (isValid) => collectModes(context.host, context.request.network, isValid)),
  status,
  validate: refuseContradictions,
});

async function add(context: AttachmentContext<Config>): Promise<Result> {
  const { config, host, log, attachment, request } = context;
  const plan = await planOf(context);
  const sandbox = sandboxOf(context);
  const names = namesOf(context);
  await using undo = undoStack(reportUndo(log));

  const plug = async (): Promise<ReturnType<typeof plugChild>> => {
    // Masters inside sandboxes are the sandboxes' own affair.
    if (plan.inContainer) return plugChild(context, names, plan);
    using holding = await lockMode(host, plan.master);
    const known = await claimMode(host, plan.master, config, names.identity, sandbox);
    if (!known) undo.step('forget the mode', async () => releaseMode(host, plan.master, names.identity));
    return plugChild(context, names, { ...plan, holding });
  };
  const master = await plug();
  undo.step(`delete ${attachment.ifname}`, () => unplugChild(context, names, () => false));

  const addressing = await allocate(context, (release) => undo.step('release the address', release));
  await enterSandbox(host, sandbox, {
    ifname: attachment.ifname,
    alias: names.alias,
    addressing,
    detectDuplicates: false,
    withoutGateways: isLayer3(config),
  });
  undo.keep();
  return {
    interfaces: [
      { name: attachment.ifname, mac: master.address, mtu: plan.mtu ?? master.mtu, sandbox: request.netns },
    ],
    ips: addressing.ips,
    routes: addressing.routes,
    dns: hasDns(config.dns) ? config.dns : addressing.dns,
  };
}

/** From IPAM, or in a chain without one, what the earlier plugins have brought. */
async function allocate(
  { ipam, prevResult = emptyResult }: AttachmentContext<Config>,
  releaseBy: (release: () => Promise<void>) => void,
): Promise<Addressing> {
  const options = { gateway: false, defaultGateway: false, sandboxIndex: 0 };
  if (ipam === undefined) return addressingOf(prevResult, options, 'prevResult');
  releaseBy(() => ipam.del());
  return addressingOf(await ipam.add(), options, ipam.type);
}

async function del(context: AttachmentContext<Config>): Promise<void> {
  const { host, ipam, attachment, prevResult } = context;
  const names = namesOf(context);
  const { addresses } = recordedIn(prevResult, attachment.ifname, undefined);
  const wanted = addresses.map(formatCidr);
  // A pod of the reference has no mark, and the MAC address is its master's: its addresses are its own alone.
  const isReferenceOwn = (link: LinkInfo): boolean =>
    kindOf(link) === 'ipvlan' && addressesOf(link).some((address) => wanted.includes(formatCidr(address)));
  await doAll(
    withRelease(ipam, [
      () => unplugChild(context, names, isReferenceOwn),
      async () => releaseEverywhere(host, names.identity),
    ]),
  );
}

async function check(context: AttachmentContext<Config>): Promise<void> {
  const { config, host, ipam, attachment } = context;
  refuseMac(config);
  const result = resultToCheck(context);
  const recorded = recordedIn(result, attachment.ifname, undefined);
  const { linkInContainer: inContainer, mode, flag } = config;
  // Where none is named, the claim knows which it was: the default route's device, or the chain's interface.
  const known = config.master || claimedMaster(host, namesOf(context).identity);
  const master = await masterOf(context, known, inContainer);
  refuseFaults(attachment, [
    ...(await sandboxFaults(context, result, recorded, {
      kind: 'ipvlan',
      withoutGateways: isLayer3(config),
    })),
    ...(await childFaults(context, { kind: 'ipvlan', master, inContainer, settings: { mode, flag } })),
    ...(await ipamFaults(ipam)),
  ]);
}

async function status(context: Context<Config>): Promise<void> {
  const { config, ipam } = context;
  refuseMac(config);
  const { master, linkInContainer, mtu } = config;
  // Without IPAM and master it stands behind another plugin of its chain.
  const isChained = master === undefined && ipam === undefined;
  await childStatus(context, {
    kind: 'ipvlan',
    master,
    laterMaster: linkInContainer || isChained,
    mtu: mtu || undefined,
  });
}
