/** macvlan: a link of its own MAC address on a NIC of the node. */
import { addressingOf, noAddressing } from '../../lib/attach/addressing.ts';
import { ipamFaults, refuseFaults, resultToCheck, sandboxFaults } from '../../lib/attach/check.ts';
import { childFaults, masterOf, plugChild, unplugChild } from '../../lib/attach/child.ts';
import { childStatus, collect } from '../../lib/attach/child-node.ts';
import { namesOf } from '../../lib/attach/names.ts';
import { recordedIn } from '../../lib/attach/recorded.ts';
import { enterSandbox } from '../../lib/attach/sandbox.ts';
import { reportUndo } from '../../lib/cni/log.ts';
import { type AttachmentContext, definePlugin, sandboxOf } from '../../lib/cni/plugin.ts';
import { hasDns, type Result } from '../../lib/cni/result.ts';
import { doAll } from '../../lib/errors.ts';
import { undoStack } from '../../lib/exec/undo.ts';
import { kindOf, type LinkInfo } from '../../lib/ip/read.ts';
import { type Config, configSchema, planOf, settingsOf } from './config.ts';
import { checkHostAccess, collectHostAccess, grantHostAccess, revokeHostAccess } from './host-access.ts';

export const macvlan = definePlugin({
  name: 'macvlan',
  kind: 'interface',
  about: 'gives a container a link of its own MAC address on a NIC of the node',
  config: configSchema,
  args: ['MAC', 'IP'],
  add,
  del,
  check,
  gc: (context) =>
    collect(context, (isValid) => collectHostAccess(context.host, context.request.network, isValid)),
  async status(context) {
    settingsOf(context.config);
    await childStatus(context, context.config);
  },
});

async function add(context: AttachmentContext<Config>): Promise<Result> {
  const { config, host, log, ipam, attachment, request } = context;
  const plan = await planOf(context);
  const sandbox = sandboxOf(context);
  const names = namesOf(context);
  await using undo = undoStack(reportUndo(log));

  const master = await plugChild(context, names, plan);
  undo.step(`delete ${attachment.ifname}`, () => unplugChild(context, names, () => false));

  let addressing = noAddressing;
  if (ipam) {
    undo.step('release the address', () => ipam.del());
    addressing = addressingOf(
      await ipam.add(),
      { gateway: false, defaultGateway: false, sandboxIndex: 0 },
      ipam.type,
    );
  }
  await enterSandbox(host, sandbox, {
    ifname: attachment.ifname,
    alias: names.alias,
    addressing,
    detectDuplicates: false,
  });
  if (config.hostAccess) {
    const access = { master: plan.master, network: attachment.network, ...config.hostAccess };
    undo.step('take the host access back', () => revokeHostAccess(host, access, names.identity));
    await grantHostAccess(host, access, names.identity, addressing.addresses);
  }
  undo.keep();
  return {
    interfaces: [
      {
        name: attachment.ifname,
        mac: plan.mac ?? master.address,
        mtu: plan.mtu ?? master.mtu,
        sandbox: request.netns,
      },
    ],
    ips: addressing.ips,
    routes: addressing.routes,
    dns: hasDns(config.dns) ? config.dns : addressing.dns,
  };
}

async function del(context: AttachmentContext<Config>): Promise<void> {
  const { config, host, ipam, attachment, prevResult } = context;
  const names = namesOf(context);
  const recorded = recordedIn(prevResult, attachment.ifname, undefined);
  // A pod of the reference has no mark; its MAC address is its own alone.
  const isReferenceOwn = (link: LinkInfo): boolean =>
    kindOf(link) === 'macvlan' && recorded.sandbox?.mac?.toLowerCase() === link.address;
  await doAll([
    () => unplugChild(context, names, isReferenceOwn),
    async () => {
      if (!config.hostAccess) return;
      const master = await masterOf(context, config.master, false).catch(() => '');
      await revokeHostAccess(
        host,
        { master, network: attachment.network, ...config.hostAccess },
        names.identity,
      );
    },
    async () => ipam?.del(),
  ]);
}

async function check(context: AttachmentContext<Config>): Promise<void> {
  const { config, host, ipam, attachment } = context;
  settingsOf(config);
  const result = resultToCheck(context);
  const recorded = recordedIn(result, attachment.ifname, undefined);
  const { linkInContainer: inContainer, mode } = config;
  const master = await masterOf(context, config.master, inContainer);
  refuseFaults(attachment, [
    ...(await sandboxFaults(context, result, recorded, { kind: 'macvlan' })),
    ...(await childFaults(context, { kind: 'macvlan', master, inContainer, settings: { mode } })),
    ...(config.hostAccess
      ? await checkHostAccess(
          host,
          { master, network: attachment.network, ...config.hostAccess },
          recorded.addresses,
        )
      : []),
    ...(await ipamFaults(ipam)),
  ]);
}
