import { defineCommand } from './command.ts';

export const detachCommand = defineCommand({
  name: 'detach',
  summary: 'take away what attach has given to a container',
  examples: [
    { line: 'plumbline detach web', about: 'its only attachment' },
    { line: 'plumbline detach web --ifname eth2', about: 'one of several' },
    { line: 'plumbline detach web --all', about: 'all of them' },
  ],
  about: `Runs the plugins of the network backwards, with the config and the result of attach. The container may have died
since: what is left of it on the node is taken away all the same.

The exit status is 0 where all is away, or forgotten, 1 where there is nothing to take away or something could not be.`,
  details: `A container can be named in any way, whichever was used for attach. Where it has several attachments, they are listed
and nothing is done, unless --ifname, --network or --all tells which are meant.

What could not be taken away, for want of a plugin, say, stays in the list of attachments, and can be detached later. One that
a plugin refuses to take away each time is dropped by --forget: the plugins are called all the same, what failed is told, and
whatever that leaves on the node is left. In JSON such a one has "forgotten": true.`,
  arguments: {
    CONTAINER: { kind: 'attached', about: 'name, path, process ID, or name or ID in a runtime' },
  },
  options: {
    ifname: { value: 'NAME', about: 'the attachment of this interface' },
    network: { value: 'NAME', kind: 'network', about: 'the attachment to this network' },
    all: { about: 'each that is meant, however many' },
    forget: { about: 'drop it from the list also where a plugin fails' },
    json: { about: 'as JSON: [{"containerId", "container", "network", "ifname"}]' },
  },
  async run({ options, args }, io) {
    const { runDetach } = await import('./attach/detach.ts');
    return runDetach({ ...options, container: args.CONTAINER }, io);
  },
});
