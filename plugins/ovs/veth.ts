/** Port type veth: the host's end of a pair is the port. */
import type { Names } from '../../lib/attach/names.ts';
import { deleteVeth, takenName } from '../../lib/attach/veth.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import { randomMac } from '../../lib/exec/digest.ts';
import type { Netns } from '../../lib/exec/host.ts';
import { ipBatch, isIpError } from '../../lib/ip/batch.ts';
import { addVeth, setAlias, setUp } from '../../lib/ip/link.ts';
import { readLink, showDevice } from '../../lib/ip/read.ts';
import type { Config } from './config.ts';
import type { Holding, Link } from './link.ts';
import type { Settings } from './settings.ts';

/** @throws CniError 102 where either end's name is taken; then nothing was made */
export async function plugVeth(
  context: AttachmentContext<Config>,
  names: Names,
  { mac, mtu }: Settings,
  sandbox: Netns,
  { holding, undo }: Holding,
): Promise<Link> {
  const { host, attachment } = context;
  const hostMac = randomMac();
  const sandboxMac = mac ?? randomMac();
  const pair = addVeth({
    host: { name: names.host, mac: hostMac },
    sandbox: { name: attachment.ifname, mac: sandboxMac, netns: sandbox.ref },
    mtu,
  });
  const commands = [pair, setAlias(names.host, names.alias), setUp(names.host), showDevice(names.host)];
  const made = (): void =>
    undo.step(`delete ${names.host}`, async () => {
      await deleteVeth(host, names, { holding });
    });
  try {
    const [document] = await ipBatch(host, commands, { holding });
    made();
    return {
      port: names.host,
      hostMac,
      mac: sandboxMac,
      mtu: readLink(document)?.mtu,
      marks: {},
      settle: async () => undefined,
    };
  } catch (error) {
    if (!isIpError(error)) throw error;
    if (error.failed > 0) made();
    else if (isIpError(error, 'exists')) throw await takenName(context, names, error);
    throw error;
  }
}
