import { parseArgs } from 'node:util';
import { CniError } from '../lib/errors.ts';
import { realHost } from '../lib/ip/real-host.ts';
import { releaseUplink } from '../lib/ip/uplink.ts';
import { type Command, CommandError, UsageError } from './command.ts';

export const releaseUplinkCommand: Command = {
  name: 'release-uplink',
  summary: "take a bridge's uplink out of it again",
  usage: `Usage: plumbline release-uplink BRIDGE

Takes the NIC that veth-bridge has made a port of BRIDGE (its "uplink") out of the bridge again, and moves the node's
addresses and routes from the bridge back to the NIC, in one batch: a remote session survives it. Gateway addresses
that plumbline has set stay on the bridge, and so do the containers, which are cut off from the network of the NIC.

Nothing else does this, no DEL and no GC; and the next ADD of a network with that uplink takes it back.
`,
  async run(args, io) {
    const bridge = onlyArgument(args);
    try {
      const device = await releaseUplink(realHost(process.env['PATH']), bridge);
      io.stdout.write(`${device} is out of ${bridge}, and has the node's addresses and routes\n`);
      return 0;
    } catch (error) {
      if (!(error instanceof CniError)) throw error;
      throw new CommandError(error.message, { cause: error });
    }
  },
};

function onlyArgument(args: readonly string[]): string {
  const [bridge, more] = positionals(args);
  if (bridge === undefined || bridge === '') throw new UsageError('BRIDGE is missing');
  if (more !== undefined) throw new UsageError(`Unexpected argument '${more}'`);
  return bridge;
}

function positionals(args: readonly string[]): readonly string[] {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, strict: true }).positionals;
  } catch (error) {
    const [message] = (error as Error).message.split('. To specify');
    throw new UsageError(message ?? 'bad arguments', { cause: error });
  }
}
