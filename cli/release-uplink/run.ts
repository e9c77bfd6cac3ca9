import { CniError } from '../../lib/errors.ts';
import { realHost } from '../../lib/ip/real-host.ts';
import { releaseUplink } from '../../lib/ip/uplink.ts';
import { type CliIo, CommandError } from '../command.ts';

/** `plumbline release-uplink BRIDGE`. */
export async function runReleaseUplink(bridge: string, io: CliIo): Promise<number> {
  try {
    const device = await releaseUplink(realHost(process.env['PATH']), bridge);
    io.stdout.write(`${device} is out of ${bridge}, and has the node's addresses and routes\n`);
    return 0;
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    throw new CommandError(error.message, { cause: error });
  }
}
