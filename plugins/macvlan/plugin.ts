/** macvlan: a link of its own MAC address on a NIC of the node. */
import { addressingOf, noAddressing } from '../../lib/attach/addressing.ts';
import { ipamFaults, refuseFaults, resultToCheck, sandboxFaults } from '../../lib/attach/check.ts';
import { childFaults, plugChild, unplugChild } from '../../lib/attach/child.ts';
import { childStatus, collect } from '../../lib/attach/child-node.ts';
import { namesOf } from '../../lib/attach/names.ts';
import { recordedIn } from '../../lib/attach/recorded.ts';
import { withRelease } from '../../lib/attach/release.ts';
import { enterSandbox } from '../../lib/attach/sandbox.ts';
import { reportUndo } from '../../lib/cni/log.ts';
import { type AttachmentContext, type Context, definePlugin, sandboxOf } from '../../lib/cni/plugin.ts';
import { hasDns, type Result } from '../../lib/cni/result.ts';
import { CniError, doAll, ErrorCode, show } from '../../lib/errors.ts';
import { undoStack } from '../../lib/exec/undo.ts';
import { isIpError } from '../../lib/ip/batch.ts';
import { kindOf, type LinkInfo } from '../../lib/ip/read.ts';
import { type Config, configSchema, planOf, settingsOf } from './config.ts';
import { collectHostAccess, grantHostAccess, hostAccessFaults, revokeHostAccess } from './host-access.ts';
import { plainConfig } from './plain.ts';

export const macvlan = definePlugin({
  name: 'macvlan',
  kind: 'interface',
  about: 'gives a container a link of its own MAC address on a NIC of the node',
  config: { schema: configSchema, plain: plainConfig },
  args: ['MAC', 'IP'],
  add,
  del,
  check,
  gc: (context) =>
    collect(context, (isValid) => collectHostAccess(context.host, context.request.network, isValid)),
  status,
  validate: settingsOf,
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
  try {
    await enterSandbox(host, sandbox, {
      ifname: attachment.ifname,
      alias: names.alias,
      addressing,
      detectDuplicates: false,
    });
  } catch (error) {
    // The kernel looks for others of that address when the link goes up.
    if (!isIpError(error, 'inUse')) throw error;
    throw new CniError(
      ErrorCode.invalidConfig,
      `mac: ${plan.mac ?? master.address} is in use on the master ${show(plan.master)} already, by itself or another macvlan link; choose another`,
      error.details,
    );
  }
  if (config.hostAccess) {
    undo.step('take the host access back', () => revokeHostAccess(host, names.identity));
    await grantHostAccess(
      host,
      { master: plan.master, ...config.hostAccess },
      names.identity,
      addressing.addresses,
    );
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
  const { host, ipam, attachment, prevResult } = context;
  const names = namesOf(context);
  const recorded = recordedIn(prevResult, attachment.ifname, undefined);
  // A pod of the reference has no mark; its MAC address is its own alone.
  const isReferenceOwn = (link: LinkInfo): boolean =>
    kindOf(link) === 'macvlan' && recorded.sandbox?.mac?.toLowerCase() === link.address;
  await doAll(
    withRelease(ipam, [
      () => unplugChild(context, names, isReferenceOwn),
      // Whatever the config says by now.
      () => revokeHostAccess(host, names.identity),
    ]),
  );
}

async function check(context: AttachmentContext<Config>): Promise<void> {
  const { config, host, ipam, attachment } = context;
  const { sources } = settingsOf(context);
  const result = resultToCheck(context);
  const recorded = recordedIn(result, attachment.ifname, undefined);
  const { linkInContainer: inContainer, mode, hostAccess } = config;
  // The default route may have moved since ADD: then its device is no longer the master, and nobody has noted which was.
  const { master } = config;
  const settings = { mode, ...(mode === 'source' ? { macaddr_data: sources.toSorted().join(' ') } : {}) };
  refuseFaults(attachment, [
    ...(await sandboxFaults(context, result, recorded, { kind: 'macvlan' })),
    ...(await childFaults(context, { kind: 'macvlan', master, inContainer, settings })),
    ...(hostAccess
      ? await hostAccessFaults(host, hostAccess, namesOf(context).identity, recorded.addresses)
      : []),
    ...(await ipamFaults(ipam)),
  ]);
}

async function status(context: Context<Config>): Promise<void> {
  settingsOf(context);
  const { master, linkInContainer: laterMaster, mtu } = context.config;
  await childStatus(context, { kind: 'macvlan', master, laterMaster, mtu: mtu || undefined });
}
