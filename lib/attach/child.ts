/**
 * A link that is a child of a master and lives in the sandbox alone: macvlan, ipvlan.
 *
 * It is made on the host under a name of its own and moved with its final name in the same batch: made in the sandbox
 * straight away, older kernels refuse a name that the host has too.
 */
import { type AttachmentContext, sandboxOf } from '../cni/plugin.ts';
import { CniError, ErrorCode, show } from '../errors.ts';
import type { Host, Netns } from '../exec/host.ts';
import type { HeldLock } from '../exec/lock.ts';
import { type IpError, ipBatch, ipInSandbox, isIpError } from '../ip/batch.ts';
import type { Command } from '../ip/command.ts';
import { deleteLink, moveAs, setAlias } from '../ip/link.ts';
import { defaultRouteDevice, defaultRouteDeviceIn } from '../ip/master.ts';
import { kindOf, type LinkInfo, readLinks, showDevice } from '../ip/read.ts';
import { isAliasOf, type Names } from './names.ts';
import { nameTaken } from './taken.ts';

export interface ChildPlan {
  readonly kind: 'macvlan' | 'ipvlan';
  readonly master: string;
  /** The master is inside the sandbox. */
  readonly inContainer: boolean;
  /** The master's where it is undefined. */
  readonly mtu: number | undefined;
  readonly mac: string | undefined;
  /** What follows `type KIND`. */
  readonly options: readonly string[];
  /** Settings of the link that cannot be given when it is made. */
  readonly settings?: (device: string) => readonly Command[];
  /** Why the kernel may have refused it, in words; for EINVAL and EBUSY, with which it tells nothing. */
  readonly hint: string;
  /** A lock of the call's, that the child which makes the link is to hold, too. */
  readonly holding?: HeldLock;
}

/** @throws CniError 7 where none is named and there is no default route */
export async function masterOf(
  context: AttachmentContext<unknown>,
  named: string | undefined,
  inContainer: boolean,
): Promise<string> {
  if (named) return named;
  const found = inContainer
    ? await defaultRouteDeviceIn(context.host, sandboxOf(context))
    : await defaultRouteDevice(context.host);
  if (found !== undefined) return found;
  throw new CniError(
    ErrorCode.invalidConfig,
    `master: none is named, and ${inContainer ? 'the sandbox' : 'this node'} has no default route whose device it could be; name one`,
  );
}

/**
 * Makes the link; where that fails, nothing of it is left, and nothing else is touched.
 * @returns the master, as it stood
 * @throws CniError 102 where the name is taken in the sandbox, 7 where master, MTU or mode do not fit
 */
export async function plugChild(
  context: AttachmentContext<unknown>,
  names: Names,
  plan: ChildPlan,
): Promise<LinkInfo> {
  const { host, attachment } = context;
  const sandbox = sandboxOf(context);
  const device = plan.inContainer ? attachment.ifname : names.host;
  const add = addChild(plan, device);
  const commands = [
    showDevice(plan.master),
    add,
    ...(plan.settings?.(device) ?? []),
    setAlias(device, names.alias),
    ...(plan.inContainer ? [] : [moveAs(device, sandbox.ref, attachment.ifname)]),
  ];
  try {
    const run = plan.inContainer
      ? ipInSandbox(host, sandbox, commands, names)
      : ipBatch(host, commands, {
          lock: names.lock,
          ...(plan.holding === undefined ? {} : { holding: plan.holding }),
        });
    const [document] = await run;
    const master = readLinks(document)[0];
    if (master === undefined) throw missingMaster(plan);
    await refuseMtu(context, names, plan, master);
    return master;
  } catch (error) {
    if (!isIpError(error)) throw error;
    const addIndex = commands.indexOf(add);
    if (error.failed > addIndex) await discard(context, device, names, plan);
    throw await explain(error, context, names, plan, addIndex);
  }
}

function addChild({ kind, master, mtu, mac, options }: ChildPlan, device: string): Command {
  return [
    ...['link', 'add', 'link', master, 'name', device],
    ...(mac === undefined ? [] : ['address', mac]),
    ...(mtu === undefined ? [] : ['mtu', String(mtu)]),
    ...['type', kind, ...options],
  ];
}

/** ipvlan takes an MTU that its master cannot carry. */
async function refuseMtu(
  context: AttachmentContext<unknown>,
  names: Names,
  plan: ChildPlan,
  master: LinkInfo,
): Promise<void> {
  const fault = mtuFault(plan, master);
  if (fault === undefined) return;
  await unplugChild(context, names, () => false);
  throw new CniError(ErrorCode.invalidConfig, fault);
}

const missingMaster = ({ master, inContainer }: ChildPlan): CniError =>
  new CniError(
    ErrorCode.invalidConfig,
    `master: there is no link ${show(master)} ${inContainer ? 'in the sandbox; without linkInContainer it is looked for on the node' : 'on this node; with linkInContainer it is looked for in the sandbox'}`,
  );

async function explain(
  error: IpError,
  context: AttachmentContext<unknown>,
  names: Names,
  plan: ChildPlan,
  addIndex: number,
): Promise<CniError> {
  const { attachment, request } = context;
  const { failed, reason, details } = error;
  if (failed < addIndex) return isIpError(error, 'missing') ? missingMaster(plan) : error;
  const taken: boolean = isIpError(error, 'exists');
  if (taken) {
    const atMove = failed > addIndex || plan.inContainer;
    if (atMove) return nameTaken('CNI_IFNAME', attachment.ifname, request.netns, details);
    return new CniError(
      ErrorCode.alreadyExists,
      `another call is making ${attachment.ifname} of container ${attachment.containerId} (link ${names.host})`,
      details,
    );
  }
  if (failed > addIndex) return error;
  const isUnknown: boolean = isIpError(error, 'unsupported');
  if (isUnknown) {
    const message = `this kernel has no ${plan.kind} links (${reason})`;
    return new CniError(ErrorCode.commandFailed, message, details);
  }
  const master = await readMaster(context.host, sandboxOf(context), plan);
  return (master && refusal(plan, master, error)) ?? error;
}

/** Why the kernel has refused a child of this master, as far as it can be seen. */
function refusal(plan: ChildPlan, master: LinkInfo, error: IpError): CniError | undefined {
  const refuse = (message: string): CniError => new CniError(ErrorCode.invalidConfig, message, error.details);
  const seen = masterFault(plan, master);
  if (seen !== undefined) return refuse(seen);
  if (isIpError(error, 'busy') || isIpError(error, 'invalid')) {
    return refuse(
      `master: the kernel makes no ${plan.kind} link on ${show(plan.master)} (${error.reason}): ${plan.hint}`,
    );
  }
  return undefined;
}

/** What stands against a child of this master, in words, or nothing. */
export function masterFault(
  plan: Pick<ChildPlan, 'kind' | 'master' | 'mtu'>,
  master: LinkInfo,
): string | undefined {
  // VRFs alone leave their ports' frames to others.
  if (master.master !== undefined && master.linkinfo?.info_slave_kind !== 'vrf') {
    return `master: ${show(plan.master)} is a port of ${master.master}, and a port cannot have ${plan.kind} links; name another link`;
  }
  return mtuFault(plan, master);
}

function mtuFault(
  { mtu, master: name }: Pick<ChildPlan, 'master' | 'mtu'>,
  master: LinkInfo,
): string | undefined {
  if (mtu === undefined || mtu <= master.mtu) return undefined;
  return `mtu: ${mtu} is more than the ${master.mtu} of the master ${show(name)}`;
}

type MasterPlace = Pick<ChildPlan, 'master' | 'inContainer'>;

async function readMaster(
  host: Host,
  sandbox: Netns,
  { master, inContainer }: MasterPlace,
): Promise<LinkInfo | undefined> {
  const commands = [showDevice(master)];
  const documents = inContainer
    ? await ipInSandbox(host, sandbox, commands, { force: true })
    : await ipBatch(host, commands, { force: true });
  return documents.flatMap(readLinks)[0];
}

/**
 * Takes back a link that was made and not finished. A name that is taken in the sandbox leaves it there under its first
 * name, and the one that has the name may be this attachment's own, of an earlier ADD: it is not touched. Under the
 * lock, nobody else has a link of that first name: another ADD of the same attachment may be about to make one.
 */
async function discard(
  context: AttachmentContext<unknown>,
  device: string,
  { lock }: Names,
  { inContainer }: ChildPlan,
): Promise<void> {
  if (!inContainer) await ipBatch(context.host, [deleteLink(device)], { lock, force: true });
  await ipInSandbox(context.host, sandboxOf(context), [deleteLink(device)], { lock, force: true });
}

/**
 * DEL: deletes the attachment's link where it is proven to be its own.
 * @param isForeignOwn judges a link without our alias: of a pod that the reference plugin made
 */
export async function unplugChild(
  context: AttachmentContext<unknown>,
  names: Names,
  isForeignOwn: (link: LinkInfo) => boolean,
): Promise<void> {
  const { host, sandbox, attachment } = context;
  // Both ways under the lock, so that the child of an ADD that was killed is waited for.
  const links = sandbox ? await readIn(host, sandbox, [names.host, attachment.ifname], names.lock) : [];
  const own = links.filter(
    (link) => isAliasOf(names, link.ifalias) || (link.ifalias === undefined && isForeignOwn(link)),
  );
  const devices = own.map(({ ifname }) => ifname);
  if (sandbox && own.length > 0) {
    await ipInSandbox(host, sandbox, devices.map(deleteLink), { force: true });
  }
  // The one that is there whole has left nothing on the host.
  if (devices.join() === attachment.ifname) return;
  await ipBatch(host, [deleteLink(names.host)], { lock: names.lock, force: true });
}

async function readIn(
  host: Host,
  sandbox: Netns,
  devices: readonly string[],
  lock?: string,
): Promise<LinkInfo[]> {
  const options = { force: true, ...(lock === undefined ? {} : { lock }) };
  const documents = await ipInSandbox(host, sandbox, devices.map(showDevice), options);
  return documents.flatMap(readLinks);
}

export interface ChildFacts {
  readonly kind: string;
  /** Undefined where nobody knows which it was. */
  readonly master: string | undefined;
  readonly inContainer: boolean;
  /** What is wanted of the link's own settings, by ip's names; a list by spaces, sorted. */
  readonly settings: Readonly<Record<string, string>>;
}

/** CHECK: what is not as planned of the link's master, and of its mode. */
export async function childFaults(context: AttachmentContext<unknown>, plan: ChildFacts): Promise<string[]> {
  const { host, attachment } = context;
  const sandbox = sandboxOf(context);
  const { master: name } = plan;
  const master = name === undefined ? undefined : await readMaster(host, sandbox, { ...plan, master: name });
  const faults = name !== undefined && master === undefined ? [`the master ${name} is gone`] : [];
  const [link] = await readIn(host, sandbox, [attachment.ifname]);
  // Gone, or of another kind: that is told by whoever looks at the sandbox.
  if (link === undefined || kindOf(link) !== plan.kind) return faults;
  if (master !== undefined && !isChildOf(link, master)) {
    faults.push(`the master of ${attachment.ifname} is not ${name}`);
  }
  for (const [name, wanted] of Object.entries(plan.settings)) {
    const actual = settingOf(link, name);
    if (actual !== wanted) faults.push(`the ${name} of ${attachment.ifname} is ${actual}, not ${wanted}`);
  }
  return faults;
}

function settingOf(link: LinkInfo, name: string): string {
  const data = link.linkinfo?.info_data ?? {};
  // An ipvlan's flag is a member of its own, which is true.
  if (name === 'flag') return ['bridge', 'private', 'vepa'].find((flag) => data[flag] === true) ?? 'none';
  const value = data[name] ?? 'none';
  return Array.isArray(value) ? value.map(String).toSorted().join(' ') : String(value);
}

/** ip names a link's master by name where it is in the same namespace, by index where it is not. */
function isChildOf(link: LinkInfo, master: LinkInfo): boolean {
  return link.link === undefined || link.link === null
    ? link.link_index === master.ifindex
    : link.link === master.ifname;
}
