import { defineCommand } from './command.ts';

export const vfsCommand = defineCommand({
  name: 'vfs',
  summary: 'NICs with virtual functions (SR-IOV), and who has them',
  examples: [{ line: 'plumbline vfs', about: 'a line for each NIC and each function' }],
  about: `Lists the NICs of this node that can have virtual functions, and each of these: PCI address, driver, name, MAC
address, VLAN, flags, rates in Mbit/s, and the container that has it. As root, since what sriov has written down is
root's.`,
  options: { json: { about: 'all of it, as JSON' } },
  async run({ options }, io) {
    const { runVfs } = await import('./vfs/report.ts');
    return runVfs(options.json, io);
  },
});
