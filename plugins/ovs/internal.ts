/** Port type internal: Open vSwitch makes the link itself, and it moves into the sandbox. */
import type { Names } from '../../lib/attach/names.ts';
import { nameTaken } from '../../lib/attach/taken.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { randomMac } from '../../lib/exec/digest.ts';
import type { Netns } from '../../lib/exec/host.ts';
import { ipBatch, isIpError } from '../../lib/ip/batch.ts';
import { move, moveAs, setAlias } from '../../lib/ip/link.ts';
import { readLink, showDevice } from '../../lib/ip/read.ts';
import type { Config } from './config.ts';
import type { Holding, Link } from './link.ts';
import type { Settings } from './settings.ts';

/** Nothing is made before the rows are: the link comes, and goes, with them. */
export function internalLink(
  context: AttachmentContext<Config>,
  names: Names,
  { mac, mtu }: Settings,
  sandbox: Netns,
  {
    holding,
    keepsName,
  }: Holding & {
    /**
     * The kernel's datapath knows its ports by the names of their links, wherever those are: ovs-vswitchd takes a port
     * whose link was renamed for one that is gone.
     */
    readonly keepsName: boolean;
  },
): Link {
  return {
    port: names.host,
    hostMac: undefined,
    mac: mac ?? randomMac(),
    mtu,
    marks: {},
    ...(keepsName ? { nameInside: names.host } : {}),
    async settle() {
      const { host, attachment, request } = context;
      const commands = [
        showDevice(names.host),
        setAlias(names.host, names.alias),
        keepsName ? move(names.host, sandbox.ref) : moveAs(names.host, sandbox.ref, attachment.ifname),
      ];
      try {
        const [document] = await ipBatch(host, commands, { holding });
        return readLink(document)?.mtu;
      } catch (error) {
        if (!isIpError(error, 'exists')) throw error;
        throw nameTaken('CNI_IFNAME', attachment.ifname, request.netns, error.details);
      }
    },
  };
}
