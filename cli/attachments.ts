import { defineCommand } from './command.ts';

export const attachmentsCommand = defineCommand({
  name: 'attachments',
  summary: 'list what attach has made, and what is left of it',
  examples: [
    { line: 'plumbline attachments', about: 'all of this node' },
    { line: 'plumbline attachments --json', about: 'with configs and results' },
  ],
  about: `Lists the attachments of this node that plumbline attach has made, with their addresses, and tells which of them
are to be detached: those whose container is gone, whose interface is missing, or which were not made to the end. As root.`,
  details: `What --json prints is a list of what attach has written down: containerId, container, by, netns, network, ifname,
config, result, and state: "attached", "unfinished", "missing" (the interface is not in the container), "gone" (the
container's namespace is no more).`,
  options: { json: { about: 'as JSON' } },
  async run({ options }, io) {
    const { runAttachments } = await import('./attach/list.ts');
    return runAttachments(options, io);
  },
});
