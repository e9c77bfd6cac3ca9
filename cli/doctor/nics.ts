/** NICs: those that networks name, and those with virtual functions. */
import type { Host } from '../../lib/exec/host.ts';
import { findPf, findVf } from '../../lib/pci/function.ts';
import type { Member, Network } from '../lint/network.ts';
import { type PfReport, reportVfs } from '../vfs/report.ts';
import { type Check, causeOf, checksOf } from './check.ts';

const { ok, warning, problem } = checksOf('NICs');

export async function checkNics(host: Host, networks: readonly Network[]): Promise<readonly Check[]> {
  const named = networks.flatMap(({ name, members }) =>
    members.flatMap((member) => checkMember(host, name, member)),
  );
  return [...named, ...(await checkFunctions(host))];
}

function checkMember(host: Host, network: string, { plugin, config }: Member): readonly Check[] {
  if (config === undefined) return [];
  if (plugin === 'sriov') return checkSriov(host, network, config);
  const { uplink, master, linkInContainer } = config;
  const device =
    typeof uplink === 'object' && uplink !== null && 'device' in uplink ? uplink.device : undefined;
  if (plugin === 'veth-bridge') return checkLink(host, network, 'uplink.device', device);
  if (linkInContainer === true || (plugin !== 'macvlan' && plugin !== 'ipvlan')) return [];
  return checkLink(host, network, 'master', master);
}

function checkLink({ kernel }: Host, network: string, field: string, link: unknown): readonly Check[] {
  if (typeof link !== 'string' || link === '') return [];
  const folder = `/sys/class/net/${link}`;
  if (!kernel.exists(folder)) {
    return [
      problem(
        link,
        `there is no such link, and network "${network}" names it (${field})`,
        `correct ${field}`,
      ),
    ];
  }
  const state = kernel.read(`${folder}/operstate`) ?? 'unknown';
  const text = `${state}, for network "${network}" (${field})`;
  return [
    state === 'down' || state === 'lowerlayerdown'
      ? warning(link, text, `ip link set ${link} up, and look at the cable`)
      : ok(link, text),
  ];
}

function checkSriov(
  host: Host,
  network: string,
  { master, deviceID, numVfs }: NonNullable<Member['config']>,
): readonly Check[] {
  try {
    if (typeof master === 'string' && master !== '') {
      const { vfs } = findPf(host, master, 'master');
      if (vfs.length === 0 && numVfs === undefined) {
        return [
          problem(
            master,
            `has no virtual functions, and network "${network}" takes them from it`,
            'set numVfs, or write their number to sriov_numvfs',
          ),
        ];
      }
      return [];
    }
    // Where a device plugin gives it, it is an example's.
    if (typeof deviceID === 'string' && deviceID !== '' && deviceID !== '0000:00:00.0')
      findVf(host, deviceID.toLowerCase(), 'deviceID');
    return [];
  } catch (error) {
    const [message, remedy] = causeOf(error, 'correct the field');
    return [problem(String(master ?? deviceID), `network "${network}": ${message}`, remedy)];
  }
}

async function checkFunctions(host: Host): Promise<readonly Check[]> {
  try {
    return (await reportVfs(host)).flatMap(checkPf);
  } catch (error) {
    return [warning('virtual functions', ...causeOf(error, 'run this as root'))];
  }
}

function checkPf({ name, address, driver, totalVfs, vfs }: PfReport): readonly Check[] {
  const held = vfs.filter(({ container }) => container?.alive);
  const title = name ?? address;
  const count = `${vfs.length} of ${totalVfs} virtual functions are made, ${held.length} in use (${driver ?? 'no driver'})`;
  return [
    ok(title, count),
    ...vfs.flatMap((vf) => {
      if (vf.fault !== undefined) {
        return [
          problem(
            vf.address,
            vf.fault,
            'remove its file below /var/lib/cni/plumbline/sriov, and set the function up by hand',
          ),
        ];
      }
      if (vf.container === undefined || vf.container.alive) return [];
      const { id, ifname } = vf.container;
      return [
        warning(
          vf.address,
          `is still set up for ${ifname} of container ${id}, which is gone`,
          'the next ADD or GC takes it back; DEL of that container does, too',
        ),
      ];
    }),
  ];
}
