/**
 * host-local: gives addresses out of ranges, and keeps on this node's disk who has which.
 *
 * The reservations are shared with the reference plugin's (store.ts), so both can run over one data directory.
 */
import { type AttachmentContext, type Context, definePlugin, type GcContext } from '../../lib/cni/plugin.ts';
import type { Result } from '../../lib/cni/result.ts';
import { CniError, ErrorCode } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import { lockFile } from '../../lib/exec/lock.ts';
import { identityOf } from '../../lib/exec/machine.ts';
import { formatAddress, parseCidr } from '../../lib/net/address.ts';
import { allocate } from './allocate.ts';
import { askedOf, type Config, configSchema, dataDirOf, isInSets, rangeSetsOf, routesOf } from './config.ts';
import { onDisk } from './files.ts';
import { plainConfig } from './plain.ts';
import { collectGarbage, reclaimAfterReboot } from './reclaim.ts';
import { heldAddresses, isHeldBy, release } from './release.ts';
import { readResolvConf } from './resolv-conf.ts';
import { refuseIfUnavailable } from './status.ts';
import { openStore, type Store, type StoreEnv } from './store.ts';

export const hostLocal = definePlugin({
  name: 'host-local',
  kind: 'ipam',
  about: 'gives IP addresses out of ranges; reservations are files on this node',
  config: { schema: configSchema, plain: plainConfig },
  args: ['IP'],

  async add(context) {
    const { config, attachment } = context;
    const sets = rangeSetsOf(context);
    const asked = askedOf(context, sets);
    const dns = config.ipam.resolvConf === '' ? {} : readResolvConf(config.ipam.resolvConf);
    const store = storeOf(context);
    const given = await onDisk(async () => {
      await context.after;
      await reclaim(store, context);
      return allocate(store, attachment, { sets, asked });
    });
    const result: Result = {
      ips: given.map(({ text, range }) => ({
        address: `${text}/${range.subnet.prefix}`,
        gateway: formatAddress(range.gateway),
      })),
      routes: routesOf(config),
      dns,
    };
    return result;
  },

  async del(context) {
    const store = storeOf(context);
    await context.after;
    const released = await onDisk(() => release(store, context.attachment));
    context.log.log('debug', 'released', { addresses: released });
  },

  check: (context) => onDisk(() => check(context)),

  async gc(context: GcContext<Config>) {
    const valid = context.valid.map(({ containerID, ifname }) => ({ containerId: containerID, ifname }));
    const released = await onDisk(() => collectGarbage(storeOf(context), valid));
    if (released.length > 0)
      context.log.log('info', 'released what no attachment holds', { addresses: released });
  },

  async status(context) {
    const sets = rangeSetsOf(context);
    const store = storeOf(context);
    await onDisk(() =>
      refuseIfUnavailable(store, dataDirOf(context.config), sets, () => reclaim(store, context)),
    );
  },

  validate: (context) => askedOf(context, rangeSetsOf(context)),
});

/**
 * Whether what ADD reserved is still reserved for this attachment.
 * @throws CniError 104 that names what is missing
 */
async function check(context: AttachmentContext<Config>): Promise<void> {
  const { attachment, prevResult } = context;
  const sets = rangeSetsOf(context);
  const store = storeOf(context);
  const who = `${attachment.ifname} of container ${attachment.containerId}`;
  const expected = (prevResult?.ips ?? [])
    .map(({ address }) => parseCidr(address)?.address)
    .filter((address) => address !== undefined)
    .filter((address) => isInSets(sets, address))
    .map(formatAddress);
  const missing = expected.filter((address) => !isHeldBy(store, attachment, address));
  if (missing.length > 0) {
    throw new CniError(
      ErrorCode.checkFailed,
      `${missing.join(', ')} not reserved for ${who} in ${store.folder}; DEL it and ADD it again`,
    );
  }
  if (expected.length === 0 && heldAddresses(store, attachment).length === 0) {
    throw new CniError(
      ErrorCode.checkFailed,
      `nothing is reserved for ${who} in ${store.folder}; DEL it and ADD it again`,
    );
  }
}

async function reclaim(store: Store, { config, log }: Context<Config>): Promise<void> {
  const { reclaimOnReboot: onReboot, reclaimForeign: foreign } = config.ipam;
  const swept = await reclaimAfterReboot(store, { onReboot, foreign });
  if (swept && swept.released.length > 0) {
    log.log('info', 'took back what an earlier boot had reserved', { addresses: swept.released });
  }
  // An address that cannot be taken back must not keep this pod from getting another one.
  for (const error of swept?.errors ?? [])
    log.log('warn', 'cannot take back an address', { error: String(error) });
}

function storeOf({ config, request, host }: Context<Config>): Store {
  return openStore(storeEnv(host), {
    dataDir: dataDirOf(config),
    network: request.network,
    durable: !config.ipam.reclaimOnReboot,
  });
}

/** What the store needs to know of a host. */
export function storeEnv({ kernel, runner }: Host): StoreEnv {
  const { machineId, bootId } = identityOf(kernel);
  return {
    machineId,
    bootId,
    bootTime: () => Date.now() - Number.parseFloat(kernel.read('/proc/uptime') ?? '') * 1000,
    lock: (path) => lockFile(runner, path),
  };
}
