/** A made-up NIC with virtual functions: what ip tells and changes of it, beside the made-up kernel's own links. */
import { call, type InProcessCall } from '../../support/calls.ts';
import { ipGrammar } from '../../support/recording/forms.ts';
import { Refusal } from '../../support/recording/machine.ts';
import { cutAsIpDoes } from '../../support/recording/words.ts';
import {
  type RecordedRun,
  type RecordingHost,
  type RecordingOptions,
  recordingHost,
} from '../../support/recording-host.ts';

export const pfAddress = '0000:01:00.0';
export const vfAddress = (index: number): string => `0000:01:10.${index * 2}`;
export const vfName = (index: number): string => `eth${index + 2}`;

type Settings = Record<string, unknown>;

export interface MadeUpVfs extends RecordingHost {
  /** What the NIC has set for each function, in ip's own words. */
  readonly settings: readonly Settings[];
  /** Every line that was sent to ip. */
  readonly lines: readonly string[];
}

const fresh = (index: number): Settings => ({
  vf: index,
  address: '00:00:00:00:00:00',
  vlan_list: [{}],
  spoofchk: true,
  link_state: 'auto',
  trust: false,
});

const devices = '/sys/bus/pci/devices';

/** @param refused settings that the driver does not take, by ip's words */
export function hostWithVfs(
  count: number,
  refused: readonly string[] = [],
  options: RecordingOptions = {},
): MadeUpVfs {
  const settings = Array.from({ length: count }, (_, index) => fresh(index));
  const host: RecordingHost = recordingHost({
    ...options,
    answer: (run) => {
      const words = run.args.map((arg) => (typeof arg === 'object' ? arg.tool : arg));
      const isIp = run.program === 'ip' || words.includes('ip');
      return isIp && run.options.input ? answerIp(host, run, settings, refused) : undefined;
    },
  });
  const { machine } = host;
  machine.files.set(`${devices}/${pfAddress}/uevent`, `DRIVER=igb\nPCI_SLOT_NAME=${pfAddress}`);
  machine.files.set(`${devices}/${pfAddress}/sriov_totalvfs`, '7');
  machine.symlinks.set('/sys/class/net/eth0/device', `${devices}/${pfAddress}`);
  machine.put({ ifname: 'eth0', parentdev: pfAddress, flags: ['UP'], address: '02:00:00:00:02:00' });
  for (let index = 0; index < count; index += 1) {
    const own = vfAddress(index);
    machine.files.set(`${devices}/${own}/uevent`, `DRIVER=igbvf\nPCI_SLOT_NAME=${own}`);
    machine.symlinks.set(`${devices}/${own}/physfn`, `${devices}/${pfAddress}`);
    machine.symlinks.set(`${devices}/${pfAddress}/virtfn${index}`, `${devices}/${own}`);
    machine.put({ ifname: vfName(index), parentdev: own, address: `02:00:00:00:02:1${index}` });
  }
  const lines = (): readonly string[] =>
    host.runs.flatMap(({ options: { input = '' } }) => input.split('\n').filter(Boolean));
  return Object.create(host, { settings: { value: settings }, lines: { get: lines } }) as MadeUpVfs;
}

/** Binds a function to a driver of userspace: it has no link then. */
export function bindVfio({ machine }: MadeUpVfs, index: number): void {
  machine.files.set(
    `${devices}/${vfAddress(index)}/uevent`,
    `DRIVER=vfio-pci\nPCI_SLOT_NAME=${vfAddress(index)}`,
  );
  const link = machine.link(vfName(index));
  if (link) machine.drop(link.ifindex);
}

/** What ip does with a batch, line by line, until one fails. */
function answerIp(
  { machine }: RecordingHost,
  { args, options: { input = '' } }: RecordedRun,
  settings: Settings[],
  refused: readonly string[],
): { status: number; stdout: string; stderr: string } {
  const flags = args.filter((arg): arg is string => typeof arg === 'string');
  const ref = /^--net=(.*)$/.exec(flags.find((arg) => arg.startsWith('--net=')) ?? '')?.[1] ?? '';
  const stdout: string[] = [];
  const stderr: string[] = [];
  for (const [index, words] of cutAsIpDoes(input).entries()) {
    try {
      const document = runLine(machine, words, ref, settings, refused);
      if (document !== undefined) stdout.push(`${document}\n`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      stderr.push(`${error.message}\nCommand failed -:${index + 1}\n`);
      if (!flags.includes('-force')) break;
    }
  }
  return { status: stderr.length > 0 ? 1 : 0, stdout: stdout.join(''), stderr: stderr.join('') };
}

function runLine(
  machine: RecordingHost['machine'],
  words: readonly string[],
  ref: string,
  settings: Settings[],
  refused: readonly string[],
): string | undefined {
  const line = words.join(' ');
  if (line === 'address show') return JSON.stringify(machine.links(ref));
  const [, pf] = /^link show dev (\S+)$/.exec(line) ?? [];
  if (pf !== undefined) return JSON.stringify([{ ...machine.link(pf, ref), vfinfo_list: settings }]);
  const [, vf, name = '', value = '', rest] =
    /^link set dev \S+ vf (\d+) (\S+) (\S+)(?: (.*))?$/.exec(line) ?? [];
  if (vf === undefined) return machine.run(ipGrammar.parse(words), ref);
  if (refused.includes(name)) throw new Refusal('RTNETLINK answers: Operation not supported');
  Object.assign(settings[Number(vf)] ?? {}, changed(name, value, rest));
  return undefined;
}

function changed(name: string, value: string, rest = ''): Settings {
  const [, qos] = /qos (\d+)/.exec(rest) ?? [];
  switch (name) {
    case 'mac':
      return { address: value };
    case 'vlan':
      return {
        vlan_list: [
          value === '0' ? {} : { vlan: Number(value), ...(qos === '0' ? {} : { qos: Number(qos) }) },
        ],
      };
    case 'max_tx_rate':
      return { rate: { max_tx: Number(value), min_tx: 0 } };
    case 'state':
      return { link_state: value };
    default:
      return { [name]: value === 'on' };
  }
}

/** A call of sriov in this process; CNI_IFNAME is net1. */
export function sriov(
  host: MadeUpVfs,
  command: string,
  fields: Readonly<Record<string, unknown>> = {},
  env: InProcessCall['env'] = {},
): ReturnType<typeof call> {
  const config = { cniVersion: '1.1.0', name: 'vfs', type: 'sriov', ...fields };
  return call(host, { command, plugin: 'sriov', config, env: { CNI_IFNAME: 'net1', ...env } });
}
