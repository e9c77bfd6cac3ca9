/**
 * sriov: a virtual function of a NIC, given to a container.
 *
 * ADD reads in the order in which things happen: a function is claimed and what it was is written down; it is set up by
 * its NIC and moved into the sandbox; it gets its addresses, and its neighbours are told.
 */
import { addressingOf, noAddressing } from '../../lib/attach/addressing.ts';
import { namesOf } from '../../lib/attach/names.ts';
import { enterSandbox } from '../../lib/attach/sandbox.ts';
import { reportUndo } from '../../lib/cni/log.ts';
import { type AttachmentContext, definePlugin, sandboxOf } from '../../lib/cni/plugin.ts';
import { hasDns, type Result } from '../../lib/cni/result.ts';
import type { Netns } from '../../lib/exec/host.ts';
import { lockRunDir } from '../../lib/exec/lock.ts';
import { type Undo, undoStack } from '../../lib/exec/undo.ts';
import { noMac } from '../../lib/ip/vf.ts';
import { announce } from './announce.ts';
import { setUpFunction } from './apply.ts';
import { check, nameInSandbox } from './check.ts';
import { type Claim, claim, hadFunction, pfOf } from './claim.ts';
import { type Config, configSchema, type Settings, settingsOf } from './config.ts';
import { gc } from './gc.ts';
import { plainConfig } from './plain.ts';
import { lockPf } from './reading.ts';
import { status } from './status.ts';
import { del, giveBack, giveBackAlone } from './teardown.ts';

export const sriov = definePlugin({
  name: 'sriov',
  kind: 'interface',
  about: 'gives a container a virtual function of a NIC (SR-IOV)',
  config: { schema: configSchema, plain: plainConfig },
  args: ['MAC', 'IP'],
  add,
  del,
  check,
  gc,
  status,
  validate: settingsOf,
});

async function add(context: AttachmentContext<Config>): Promise<Result> {
  const { config, host, log, ipam, request } = context;
  const settings = settingsOf(context);
  const sandbox = sandboxOf(context);
  await using undo = undoStack(reportUndo(log));

  const { claimed, name } = await take(context, settings, sandbox, undo);
  const { link } = claimed.state;

  let addressing = noAddressing;
  if (ipam) {
    undo.step('release the address', () => ipam.del());
    addressing = addressingOf(
      await ipam.add(),
      { gateway: false, defaultGateway: false, sandboxIndex: 0 },
      ipam.type,
    );
  }
  // A driver of userspace has no link: the addresses are reserved for the program that drives the function.
  if (link !== undefined) {
    await enterSandbox(host, sandbox, {
      ifname: name,
      alias: undefined,
      addressing,
      detectDuplicates: false,
    });
    const own = { ifname: name, mac: settings.mac ?? link.mac };
    const isConnected = config.link_state === 'disable' || (await announce(host, sandbox, own));
    if (!isConnected) log.log('warn', `${name} has no carrier; is ${claimed.reading.pf} connected?`);
  }
  undo.keep();
  return {
    interfaces: [
      {
        name,
        mac: settings.mac ?? link?.mac ?? macByPf(claimed),
        mtu: settings.mtu ?? link?.mtu,
        sandbox: request.netns,
        pciID: claimed.vf.address,
      },
    ],
    ips: addressing.ips,
    routes: addressing.routes,
    dns: hasDns(config.dns) ? config.dns : addressing.dns,
  };
}

interface Taken {
  readonly claimed: Claim;
  /** Of the link in the sandbox. */
  readonly name: string;
}

/**
 * Under the NIC's lock from the choice to the move: nobody finds a function that is halfway there. And under the
 * attachment's, but no longer: the record keeps a second ADD away, and an IPAM plugin or a carrier may take their time.
 */
async function take(
  context: AttachmentContext<Config>,
  settings: Settings,
  sandbox: Netns,
  undo: Undo,
): Promise<Taken> {
  using _own = await lockRunDir(context.host.runner, namesOf(context).lock);
  if (hadFunction(context)) await giveBack(context);
  const pf = pfOf(context.host, settings);
  using holding = await lockPf(context.host, pf);
  const claimed = await claim(context, settings, sandbox, pf, holding);
  undo.step(`give ${claimed.vf.address} back`, () => giveBackAlone(context));
  const name = nameInSandbox(settings, claimed.state, context.attachment.ifname);
  await setUpFunction(context, claimed, settings, { sandbox, name, holding });
  return { claimed, name };
}

function macByPf({ reading }: Claim): string | undefined {
  return reading.vf.mac === noMac ? undefined : reading.vf.mac;
}
