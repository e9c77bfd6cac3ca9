import { defineCommand } from './command.ts';

export const releaseUplinkCommand = defineCommand({
  name: 'release-uplink',
  summary: "take a bridge's uplink out of it again",
  examples: [{ line: 'plumbline release-uplink br0', about: 'its NIC has the addresses again' }],
  about: `Takes the NIC that veth-bridge has made a port of BRIDGE (its "uplink") out of the bridge again, and moves the
node's addresses and routes from the bridge back to the NIC, in one batch: a remote session survives it. Gateway addresses
that plumbline has set stay on the bridge, and so do the containers, which are cut off from the network of the NIC.

Nothing else does this, no DEL and no GC; and the next ADD of a network with that uplink takes it back.`,
  arguments: { BRIDGE: { about: 'a bridge of the kernel', kind: 'bridge' } },
  async run({ args }, io) {
    const { runReleaseUplink } = await import('./release-uplink/run.ts');
    return runReleaseUplink(args.BRIDGE, io);
  },
});
