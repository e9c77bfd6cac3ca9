/**
 * Port of a virtual function: its representor is the port, and the function itself moves into the sandbox. So a NIC in
 * switchdev mode carries the flows that Open vSwitch gives it.
 */
import { nameTaken } from '../../lib/attach/taken.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { CniError, ErrorCode, show } from '../../lib/errors.ts';
import type { Host, Netns } from '../../lib/exec/host.ts';
import { ipBatch, ipInSandbox, isIpError } from '../../lib/ip/batch.ts';
import type { Command } from '../../lib/ip/command.ts';
import { linkExists } from '../../lib/ip/exists.ts';
import { moveAs, rename, setDown, setMtu, setUp } from '../../lib/ip/link.ts';
import { readLink, readLinks, showDevice } from '../../lib/ip/read.ts';
import type { ExternalIds } from '../../lib/ovs/port.ts';
import { locateVf } from '../../lib/pci/function.ts';
import { findSwitchedFunction, type SwitchedFunction } from '../../lib/pci/representor.ts';
import { awaitNetdev, nowhere } from '../../lib/pci/return.ts';
import type { Config } from './config.ts';
import type { Holding, Link } from './link.ts';
import type { Settings } from './settings.ts';

/** Moves the function in; its representor is up, and waits to be made a port. */
export async function plugFunction(
  context: AttachmentContext<Config>,
  deviceId: string,
  { mac, mtu }: Settings,
  sandbox: Netns,
  { holding, undo }: Holding,
): Promise<Link> {
  const { host, attachment, request } = context;
  const device = findSwitchedFunction(host, deviceId);
  const netdev = netdevIn(device);
  const marks = { 'device-id': deviceId, 'device-name': netdev };
  const resize = (link: string): Command[] => (mtu === undefined ? [] : [setMtu(link, mtu)]);
  const commands = [
    showDevice(netdev),
    showDevice(device.representor),
    ...resize(netdev),
    ...resize(device.representor),
    setUp(device.representor),
    moveAs(netdev, sandbox.ref, attachment.ifname),
  ];
  undo.step(`take ${deviceId} back`, () => takeBack(host, sandbox, attachment.ifname, marks));
  try {
    const [own, port] = (await ipBatch(host, commands, { holding })).map(readLink);
    return {
      port: device.representor,
      hostMac: port?.address,
      mac: mac ?? own?.address ?? '',
      mtu: mtu ?? own?.mtu,
      marks,
      settle: async () => undefined,
    };
  } catch (error) {
    if (!isIpError(error, 'exists')) throw error;
    throw nameTaken('CNI_IFNAME', attachment.ifname, request.netns, error.details);
  }
}

function netdevIn({ address, netdev, representor }: SwitchedFunction): string {
  if (netdev !== undefined) return netdev;
  throw new CniError(
    ErrorCode.invalidConfig,
    `deviceID: ${show(address)} (representor ${representor}) has no link on this node: another container has it, or a driver of userspace`,
  );
}

/**
 * Gives a function back to the host under the name it had. It is found by its PCI address: in the sandbox, or, where
 * that has died, on the host, to which the kernel has returned it under the name it had inside, or another.
 * @throws CniError 11 where a function that is there has no link on the host
 */
export async function takeBack(
  host: Host,
  sandbox: Netns | undefined,
  ifname: string,
  { 'device-id': address, 'device-name': name }: ExternalIds,
): Promise<void> {
  if (address === undefined || name === undefined) return;
  if (sandbox !== undefined) {
    const [link] = (await ipInSandbox(host, sandbox, [showDevice(ifname)], { force: true })).flatMap(
      readLinks,
    );
    if (link?.parentdev === address) {
      using own = host.openNetns('/proc/self/ns/net', true);
      await ipInSandbox(host, sandbox, [setDown(ifname), moveAs(ifname, own.ref, name)]);
      return;
    }
  }
  // Its NIC's functions were removed, or the NIC itself.
  if (locateVf(host, address) === undefined) return;
  const current = await awaitNetdev(host, address);
  // Its rows are kept for the next try.
  if (current === undefined) throw nowhere(address);
  // Where another link has the name by now, it keeps the one that it came back with.
  if (current === name || linkExists(host, name)) return;
  await ipBatch(host, [setDown(current), rename(current, name)]);
}
