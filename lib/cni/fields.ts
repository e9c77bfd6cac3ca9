/**
 * What the fields of a config are for, in words, and forms that a schema's checks cannot be read for: for the JSON
 * Schemas below `schemas/` (scripts/schemas). No plugin loads this.
 */

/** A field: what it is for, and further keywords of JSON Schema. */
export interface Field {
  readonly about: string;
  readonly [keyword: string]: unknown;
}

/** By path, as `uplink.device` and `vlanTrunk[].id`. Every field of a plugin's zod schema has to be in its table. */
export type Fields = Readonly<Record<string, string | Field>>;

/** Forms of texts. */
export const forms = {
  link: { minLength: 1, maxLength: 15, pattern: '^[^\\s/:%"\'#\\\\*{}$;]+$' },
  mac: { pattern: '^[0-9A-Fa-f][02468ACEace](?:[:-][0-9A-Fa-f]{2}){5}$' },
  address: { pattern: '^(?:[0-9]+(?:\\.[0-9]+){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)$' },
  cidr: { pattern: '^(?:[0-9]+(?:\\.[0-9]+){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*)/[0-9]{1,3}$' },
  pci: { pattern: '^[0-9A-Fa-f]{4}:[0-9A-Fa-f]{2}:[0-9A-Fa-f]{2}\\.[0-7]$' },
  plugin: { minLength: 1, maxLength: 255, pattern: '^[^/\\\\]+$' },
  network: { maxLength: 255, pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]*$' },
  path: { pattern: '^/' },
  /** 0, or an MTU that the kernel takes. */
  mtu: { anyOf: [{ const: 0 }, { minimum: 68 }] },
  /** A range of VLANs has two ends. */
  vlans: { dependencies: { minID: ['maxID'], maxID: ['minID'] } },
} as const;

/** Fields of every plugin. */
export const baseFields: Fields = {
  cniVersion: 'Version of the CNI specification that the result follows.',
  name: {
    about: 'Name of the network; unique on the node, as addresses are kept under it.',
    ...forms.network,
  },
  type: { about: 'Name of the plugin: of its executable in /opt/cni/bin.', ...forms.plugin },
  ipam: 'Where addresses come from; {} for a link without addresses.',
  'ipam.type': { about: 'Name of the IPAM plugin: host-local, static, dhcp, or another.', ...forms.plugin },
  dns: 'DNS of the result; goes over what IPAM answers.',
  'dns.nameservers': 'Addresses of DNS servers.',
  'dns.domain': 'The local domain.',
  'dns.search': 'Domains in which short names are looked for.',
  'dns.options': 'Options of resolv.conf(5).',
  args: 'Arguments of the caller, by their convention.',
  'args.cni': 'Arguments of the CNI conventions.',
  'args.cni.mac': { about: 'MAC address to give to the interface.', ...forms.mac },
  'args.cni.ips': 'Addresses to give to the interface.',
  runtimeConfig: 'What the runtime gives for each capability; not for files.',
  'runtimeConfig.mac': { about: 'Capability mac: MAC address of the interface.', ...forms.mac },
  'runtimeConfig.ips': 'Capability ips: addresses of the interface.',
  prevResult: 'What earlier plugins of the chain have made; given by the runtime, not for files.',
  'cni.dev/valid-attachments': 'GC: the attachments that are to stay; given by the runtime, not for files.',
  'cni.dev/valid-attachments[].containerID': 'ID of the container.',
  'cni.dev/valid-attachments[].ifname': 'Name of the interface in the container.',
  logLevel: {
    about: 'What is logged: error, warn, info, or debug (every program that is run).',
    examples: ['error', 'warn', 'info', 'debug'],
    default: 'warn',
  },
  logFile: {
    about: 'Absolute path of the log, one JSON object a line; standard error by default.',
    ...forms.path,
  },
};

/** A list of VLANs, in whichever field. */
export const trunkFields = (field: string): Fields => ({
  [`${field}[]`]: { about: 'One VLAN, or a range of them.', ...forms.vlans },
  [`${field}[].id`]: 'One VLAN.',
  [`${field}[].minID`]: 'The first VLAN of a range.',
  [`${field}[].maxID`]: 'The last VLAN of a range.',
});
