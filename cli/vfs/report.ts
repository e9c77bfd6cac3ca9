import { CniError } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import { ipBatch } from '../../lib/ip/batch.ts';
import { type LinkInfo, readLinks, showDevice } from '../../lib/ip/read.ts';
import { realHost } from '../../lib/ip/real-host.ts';
import { noMac, readFunctions, showFunctions, type VfSettings } from '../../lib/ip/vf.ts';
import { listPfs, type PhysicalFunction, type VirtualFunction } from '../../lib/pci/function.ts';
import { broken, isHeld, readState, type State } from '../../plugins/sriov/state.ts';
import { inColumns } from '../columns.ts';
import { type CliIo, CommandError } from '../command.ts';

/** Who has a virtual function. */
interface Holder {
  readonly id: string;
  readonly ifname: string;
  readonly network: string;
  readonly netns: string;
  /** Whether it has the function still; the next ADD, DEL or GC takes it back where its network namespace has gone. */
  readonly alive: boolean;
}

/** One virtual function, as `--json` prints it. */
export interface VfReport extends Partial<VfSettings> {
  readonly index: number;
  /** PCI address. */
  readonly address: string;
  readonly driver: string | undefined;
  /** Its link on the host; none while a container or a driver of userspace has it. */
  readonly name: string | undefined;
  readonly container: Holder | undefined;
  /** What is wrong with the record of what it was. */
  readonly fault?: string;
}

/** One NIC, as `--json` prints it. */
export interface PfReport {
  readonly address: string;
  readonly driver: string | undefined;
  readonly name: string | undefined;
  readonly mac: string | undefined;
  readonly totalVfs: number;
  readonly vfs: readonly VfReport[];
}

/** `plumbline vfs`. */
export async function runVfs(json: boolean, io: CliIo): Promise<number> {
  try {
    const report = await reportVfs(realHost(process.env['PATH']));
    io.stdout.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : formatVfs(report));
    return 0;
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    throw new CommandError(error.message, { cause: error });
  }
}

/** All NICs of the node, in one child of ip each. */
export function reportVfs(host: Host): Promise<readonly PfReport[]> {
  return Promise.all(listPfs(host).map((pf) => reportPf(host, pf)));
}

async function reportPf(host: Host, pf: PhysicalFunction): Promise<PfReport> {
  const { address, driver, netdev: name, totalVfs } = pf;
  const names = [...pf.vfs.map((vf) => vf.netdev), name].filter((link) => link !== undefined);
  const reads = [...names.map(showDevice), ...(name === undefined ? [] : [showFunctions(name)])];
  // A link may go while it is looked at.
  const documents = reads.length === 0 ? [] : await ipBatch(host, reads, { force: true });
  const links = new Map(documents.flatMap(readLinks).map((link) => [link.ifname, link]));
  const settings = readFunctions(documents.at(-1));
  return {
    address,
    driver,
    name,
    mac: links.get(name ?? '')?.address,
    totalVfs,
    vfs: pf.vfs.map((vf) => reportVf(host, vf, settings.get(vf.index), links.get(vf.netdev ?? ''))),
  };
}

function reportVf(
  host: Host,
  { index, address, driver, netdev: name }: VirtualFunction,
  settings: VfSettings | undefined,
  link: LinkInfo | undefined,
): VfReport {
  const state = readState(host, address);
  const known = typeof state === 'object' ? state : undefined;
  const byPf = settings?.mac === noMac ? undefined : settings?.mac;
  const mac = link?.address ?? byPf ?? known?.link?.mac;
  return {
    index,
    address,
    driver,
    name,
    ...settings,
    mac,
    container: known && holderOf(host, known),
    ...(state === broken ? { fault: 'the record of what it was is broken' } : {}),
  };
}

function holderOf(host: Host, state: State): Holder {
  const { containerId: id, ifname, network, netns } = state.holder;
  return { id, ifname, network, netns, alive: isHeld(host, state) };
}

const titles = ['PCI ADDRESS', 'DRIVER', 'NAME', 'MAC', 'VLAN', 'FLAGS', 'RATE', 'CONTAINER'] as const;

/** The table for people; a NIC's functions are below it, indented. */
export function formatVfs(report: readonly PfReport[]): string {
  if (report.length === 0) return 'no NIC of this node can have virtual functions\n';
  return inColumns(
    titles,
    report.flatMap((pf) => [pfRow(pf), ...pf.vfs.map(vfRow)]),
  );
}

function pfRow({ address, driver, name, mac, totalVfs, vfs }: PfReport): readonly string[] {
  return [address, orDash(driver), orDash(name), orDash(mac), '', `${vfs.length} of ${totalVfs}`, '', ''];
}

function vfRow(vf: VfReport): readonly string[] {
  const { address, driver, name, mac } = vf;
  return [
    `  ${address}`,
    ...[driver, name, mac].map(orDash),
    ...[vlanOf(vf), flagsOf(vf), rateOf(vf), vf.fault ?? containerOf(vf)],
  ];
}

const orDash = (text: string | undefined): string => text ?? '-';

function vlanOf({ vlan = 0, qos = 0, protocol = '802.1q' }: VfReport): string {
  if (vlan === 0) return '-';
  return [`${vlan}`, ...(qos > 0 ? [`qos ${qos}`] : []), ...(protocol === '802.1q' ? [] : [protocol])].join(
    ' ',
  );
}

/** What is not the usual: checked for forged addresses, not trusted, its link as the NIC's. */
function flagsOf({ spoofchk, trust, linkState = 'auto' }: VfReport): string {
  const flags = [
    ...(trust ? ['trust'] : []),
    ...(spoofchk === false ? ['nospoofchk'] : []),
    ...(linkState === 'auto' ? [] : [`link ${linkState}`]),
  ];
  return flags.join(',') || '-';
}

function rateOf({ minTxRate = 0, maxTxRate = 0 }: VfReport): string {
  if (minTxRate === 0 && maxTxRate === 0) return '-';
  return `${minTxRate}-${maxTxRate === 0 ? '' : maxTxRate}`;
}

function containerOf({ container }: VfReport): string {
  if (container === undefined) return '-';
  const { id, ifname, network, alive } = container;
  return `${id} ${ifname} (${network}${alive ? '' : ', gone'})`;
}
