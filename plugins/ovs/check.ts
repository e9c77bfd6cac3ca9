/** CHECK: is everything still as ADD left it? All that is not is named, not only the first. */
import {
  ipamFaults,
  linkFaults,
  refuseFaults,
  resultToCheck,
  sandboxFaults,
} from '../../lib/attach/check.ts';
import { namesOf } from '../../lib/attach/names.ts';
import { recordedIn } from '../../lib/attach/recorded.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import type { ResultInterface } from '../../lib/cni/result.ts';
import type { Host } from '../../lib/exec/host.ts';
import { ipBatch } from '../../lib/ip/batch.ts';
import { isUp, readLinks, showDevice } from '../../lib/ip/read.ts';
import { readRows } from '../../lib/ovs/client.ts';
import { isNamed, select } from '../../lib/ovs/operation.ts';
import { listOf, mapOf, numberOf, type Row, textOf } from '../../lib/ovs/row.ts';
import type { Config } from './config.ts';
import { findOurs, ofAttachment } from './marks.ts';
import { type Settings, settingsOf } from './settings.ts';

export async function check(context: AttachmentContext<Config>): Promise<void> {
  const { ipam, attachment } = context;
  const settings = settingsOf(context);
  const result = resultToCheck(context);
  const recorded = recordedIn(result, attachment.ifname, undefined);
  refuseFaults(attachment, [
    ...(await portFaults(context, settings, recorded.sandbox?.mac)),
    ...(settings.portType === 'internal' ? [] : await hostFaults(context, recorded.host)),
    ...(await sandboxFaults(context, result, recorded, { carrier: true })),
    ...(await ipamFaults(ipam)),
  ]);
}

async function portFaults(
  context: AttachmentContext<Config>,
  settings: Settings,
  mac: string | undefined,
): Promise<string[]> {
  const { host } = context;
  const own = [ofAttachment(namesOf(context).identity.mark)];
  const [ports = [], interfaces = [], qos = []] = await readRows(host, settings.database, [
    findOurs('Port', ['_uuid', 'name', 'tag', 'trunks', 'vlan_mode', 'qos'], own),
    findOurs('Interface', ['type', 'error', 'ofport', 'external_ids', 'ingress_policing_rate'], own),
    findOurs('QoS', ['other_config'], own),
  ]);
  const [port] = ports;
  const [link] = interfaces;
  if (port === undefined || link === undefined) return ['its port is gone from the database of Open vSwitch'];
  const name = textOf(port, 'name') ?? '';
  const faults = [
    ...vlanFaults(port, settings),
    ...limitFaults({ port, link, qos: qos[0] }, settings),
    ...(await bridgeFaults(host, settings, port)),
  ];
  return [...faults, ...interfaceFaults(name, link, settings, mac)];
}

/** The bridge is asked whether it has the port: to list its ports would take the longer the more there are. */
async function bridgeFaults(host: Host, { bridge, database }: Settings, port: Row): Promise<string[]> {
  if (bridge === undefined) return [];
  const hasPort = ['ports', 'includes', ['uuid', textOf(port, '_uuid') ?? '']] as const;
  const [there = [], withPort = []] = await readRows(host, database, [
    select('Bridge', ['name'], isNamed(bridge)),
    select('Bridge', ['name'], [...isNamed(bridge), hasPort]),
  ]);
  if (there.length === 0) return [`the bridge ${bridge} is gone`];
  return withPort.length > 0 ? [] : [`the port ${textOf(port, 'name') ?? ''} is not on the bridge ${bridge}`];
}

function interfaceFaults(
  name: string,
  link: Row,
  { ofportRequest, ovnPort }: Settings,
  mac: string | undefined,
): string[] {
  const error = textOf(link, 'error');
  const number = numberOf(link, 'ofport');
  const { 'iface-id': id, 'attached-mac': attached } = mapOf(link, 'external_ids');
  return [
    ...(error === undefined ? [] : [`the port ${name} does not work: ${error}`]),
    ...(ofportRequest === undefined || number === ofportRequest
      ? []
      : [`the port ${name} has the number ${number ?? 'none'}, not ${ofportRequest}`]),
    ...(mac === undefined || attached === mac.toLowerCase()
      ? []
      : [`the attached-mac of ${name} is ${attached ?? 'none'}, not ${mac}`]),
    ...(id === ovnPort ? [] : [`the iface-id of ${name} is ${id ?? 'none'}, not ${ovnPort ?? 'none'}`]),
  ];
}

function vlanFaults(port: Row, { vlans }: Settings): string[] {
  const name = textOf(port, 'name');
  const mode = textOf(port, 'vlan_mode');
  const tag = numberOf(port, 'tag');
  const trunks = listOf(port, 'trunks')
    .map(Number)
    .sort((a, b) => a - b);
  return [
    ...(mode === vlans.mode ? [] : [`the vlan_mode of ${name} is ${mode ?? 'none'}, not ${vlans.mode}`]),
    ...(tag === vlans.tag ? [] : [`the tag of ${name} is ${tag ?? 'none'}, not ${vlans.tag ?? 'none'}`]),
    ...(trunks.join() === vlans.trunks.join()
      ? []
      : [`the trunks of ${name} are ${trunks.join() || 'all'}, not ${vlans.trunks.join() || 'all'}`]),
  ];
}

interface Limited {
  readonly port: Row;
  readonly link: Row;
  readonly qos: Row | undefined;
}

function limitFaults({ port, link, qos }: Limited, { policing, shaping }: Settings): string[] {
  const name = textOf(port, 'name');
  const rate = numberOf(link, 'ingress_policing_rate') ?? 0;
  const isThere = qos !== undefined && textOf(port, 'qos') !== undefined;
  const shaped = isThere ? Number(mapOf(qos, 'other_config')['max-rate']) : undefined;
  const shapingFaults =
    shaped === undefined
      ? [`the QoS of ${name} is gone`]
      : shaped === shaping?.rate
        ? []
        : [`the max-rate of ${name} is ${shaped}, not ${shaping?.rate} bit/s`];
  return [
    ...(shaping ? shapingFaults : []),
    ...(rate === (policing?.rate ?? 0)
      ? []
      : [`the ingress_policing_rate of ${name} is ${rate}, not ${policing?.rate ?? 0} kbit/s`]),
  ];
}

async function hostFaults(
  { host }: AttachmentContext<Config>,
  recorded: ResultInterface | undefined,
): Promise<string[]> {
  if (recorded === undefined) return [];
  const what = `the host link ${recorded.name}`;
  const documents = await ipBatch(host, [showDevice(recorded.name)], { force: true });
  const [link] = documents.flatMap(readLinks);
  if (link === undefined) return [`${what} is gone`];
  return [...(isUp(link) ? [] : [`${what} is down`]), ...linkFaults(link, recorded, what)];
}
