/** Configs with a mistake each. `⟦` stands before the place that is to be told, and is no part of the text. */

export interface Mistake {
  readonly file: string;
  readonly text: string;
  readonly says: RegExp;
  /** The level, where it is not `error`. */
  readonly level?: 'warning';
}

/** One plugin, its fields as they are written. */
const conf = (fields: string, says: RegExp): Mistake => ({
  file: '10-net.conf',
  text: `{\n  "cniVersion": "1.0.0",\n  "name": "net",\n  ${fields}\n}\n`,
  says,
});

/** A list of one plugin. */
const list = (fields: string, says: RegExp): Mistake => ({
  file: '10-net.conflist',
  text: `{\n  "cniVersion": "1.0.0",\n  "name": "net",\n  "plugins": [\n    {\n      ${fields}\n    }\n  ]\n}\n`,
  says,
});

const whole = (text: string, says: RegExp, file = '10-net.conflist'): Mistake => ({ file, text, says });

const warned = (mistake: Mistake): Mistake => ({ ...mistake, level: 'warning' });

const ranges = (inner: string): string =>
  `"type": "veth-bridge",\n  "ipam": {\n    "type": "host-local",\n    ${inner}\n  }`;

const bridgeList = '{\n  "cniVersion": "1.0.0",\n  "name": "net",\n  "plugins": [{ "type": "bridge" }]';

export const mistakes: Readonly<Record<string, Mistake>> = {
  // No JSON.
  'a comma too many': conf('"type": "bridge"⟦,', /a comma before }; remove it/),
  'a comma too few': conf('"type": "bridge"⟦\n  "mtu": 1400', /expected a comma after this value/),
  'a comment': conf('⟦// the pods\n  "type": "bridge"', /JSON has no comments/),
  'single quotes': conf('⟦\'type\': "bridge"', /texts in double quotes/),
  'a bare key': conf('⟦type: "bridge"', /"type" is no JSON; a text needs double quotes/),
  'a bare value': conf('"type": ⟦bridge', /"bridge" is no JSON; a text needs double quotes/),
  'a value in Python': conf('"type": "bridge",\n  "ipMasq": ⟦True', /True is no JSON; write true/),
  'no value': conf('"type": ⟦,\n  "mtu": 1400', /expected a value, not ,/),
  'no colon': conf('"type" ⟦"bridge"', /expected a colon/),
  'a text without an end': conf('"type": ⟦"bridge', /not closed by a double quote/),
  'an object without an end': whole(
    '{\n  "name": "net",\n  "plugins": [{ "type": "bridge" }]⟦',
    /an object is not closed/,
  ),
  'a brace too many': whole(`${bridgeList}\n}\n⟦}\n`, /expected the end of the file/),
  'a byte order mark': whole(`⟦\ufeff${bridgeList}\n}\n`, /byte order mark/),
  'a wrong escape': conf('"type": "bridge",\n  "logFile": ⟦"C:\\pods"', /no character may follow \\ but/),
  'an empty file': whole('⟦', /expected a value, and the file ends/),
  'a list as a file': whole('⟦[]', /the file must be a JSON object/),

  // A list of plugins, and what a runtime reads of it.
  'no name': whole('⟦{\n  "plugins": [{ "type": "bridge" }]\n}', /name: missing/),
  'a name that is none': whole(
    '{\n  "name": ⟦"my net",\n  "plugins": [{ "type": "bridge" }]\n}',
    /name: "my net" must begin with/,
  ),
  'no plugins': whole('⟦{\n  "name": "net",\n  "type": "bridge"\n}', /plugins: missing.*named \.conf/),
  'no plugin in plugins': whole('{\n  "name": "net",\n  "plugins": ⟦[]\n}', /expected at least one plugin/),
  'plugins as an object': whole(
    '{\n  "name": "net",\n  "plugins": ⟦{ "type": "bridge" }\n}',
    /expected a list of plugins/,
  ),
  'a list under the name of a plugin': whole(
    '{\n  "name": "net",\n  ⟦"plugins": [{ "type": "bridge" }]\n}',
    /name the file \.conflist/,
    '10-net.conf',
  ),
  'a plugin that is none': whole(
    '{\n  "name": "net",\n  "plugins": [⟦"bridge"]\n}',
    /a plugin must be a JSON object/,
  ),
  'no type': whole('{\n  "name": "net",\n  "plugins": [⟦{ "bridge": "cni0" }]\n}', /type: missing/),
  'a version of another world': whole(
    '{\n  "cniVersion": ⟦"2.0.0",\n  "name": "net",\n  "plugins": [{ "type": "bridge" }]\n}',
    /cniVersion: "2\.0\.0" is not supported; use one of/,
  ),
  'a version as a number': whole(
    '{\n  "cniVersion": ⟦1,\n  "name": "net",\n  "plugins": [{ "type": "bridge" }]\n}',
    /cniVersion: 1 is not a string/,
  ),
  'a version among many': whole(
    `${bridgeList},\n  "cniVersions": ["1.0.0", ⟦"1.1"]\n}`,
    /cniVersions\[1\]: "1\.1" is not supported/,
  ),
  'a misspelled key of the list': whole(
    `${bridgeList},\n  ⟦"disableChek": true\n}`,
    /did you mean disableCheck\?/,
  ),
  "a plugin's key in the list": whole(
    `${bridgeList},\n  ⟦"isGateway": true\n}`,
    /a plugin's own keys belong into plugins/,
  ),
  'a flag that is none': whole(
    `${bridgeList},\n  "disableCheck": ⟦"yes"\n}`,
    /disableCheck: expected true or false/,
  ),
  'a misspelled type': list('"type": ⟦"veth-brige"', /did you mean veth-bridge\?/),
  "a peer's misspelled type": list('"type": "bridge" }, { "type": ⟦"bandwith"', /did you mean bandwidth\?/),
  'a chained plugin at the head': list('"type": ⟦"portmap"', /there is none; put it behind one/),
  'an IPAM plugin at the head': list('"type": ⟦"host-local"', /put it into ipam\.type/),
  'a misspelled capability': list(
    '"type": "bridge",\n      "capabilities": { ⟦"ipRange": true }',
    /did you mean ipRanges\?/,
  ),
  'a capability that is no flag': list(
    '"type": "bridge",\n      "capabilities": { "mac": ⟦"yes" }',
    /capabilities\.mac: expected true or false/,
  ),

  // Keys.
  'a misspelled key': list(
    '"type": "veth-bridge",\n      ⟦"isGatway": true',
    /isGatway: unknown key; did you mean isGateway\?/,
  ),
  'half of a key': list('"type": "veth-bridge",\n      ⟦"hairpin": true', /did you mean hairpinMode\?/),
  'a misspelled key deep down': list(
    '"type": "veth-bridge",\n      "uplink": { "device": "eth0", ⟦"migrateAdresses": true }',
    /did you mean migrateAddresses\?/,
  ),
  'a misspelled key of a range': conf(
    ranges('"ranges": [[{ "subnet": "10.1.0.0/24", ⟦"rangeBegin": "10.1.0.9" }]]'),
    /rangeBegin: unknown key/,
  ),
  'a misspelled key of ipam': conf(
    ranges('⟦"subnets": "10.1.0.0/24",\n    "ranges": [[{ "subnet": "10.1.0.0/24" }]]'),
    /did you mean subnet\?/,
  ),
  "ipam's key beside it": conf(
    '"type": "macvlan",\n  ⟦"rangeStart": "10.1.0.9"',
    /rangeStart belongs into ipam/,
  ),
  "the plugin's key in ipam": conf(
    ranges('"subnet": "10.1.0.0/24",\n    ⟦"isGateway": true'),
    /isGateway belongs beside ipam/,
  ),
  "the list's key in a plugin": list(
    '"type": "bridge",\n      ⟦"disableCheck": true',
    /belongs to the list, beside plugins/,
  ),
  'a key that is there twice': list(
    '"type": "bridge",\n      "mtu": 1400,\n      ⟦"mtu": 1500',
    /the last one counts/,
  ),
  'a key that is there in two cases': list(
    '"type": "bridge",\n      "ipMasq": true,\n      ⟦"ipmasq": false',
    /one of it and ipMasq counts/,
  ),
  "a delegate's misspelled key": conf(
    '"type": "multus",\n  "delegates": [{ "type": "macvlan", ⟦"mastr": "eth0" }]',
    /mastr: unknown key; did you mean master\?/,
  ),
  "another plugin's key": list(
    '"type": "ipvlan",\n      "ipam": { "type": "dhcp" },\n      ⟦"bcqueuelen": 5',
    /bcqueuelen: unknown key/,
  ),

  // Values.
  'a text for a number': list(
    '"type": "veth-bridge",\n      "mtu": ⟦"1500"',
    /mtu: "1500", expected a number/,
  ),
  'a text for a flag': list(
    '"type": "veth-bridge",\n      "ipMasq": ⟦"true"',
    /ipMasq: "true", expected a boolean/,
  ),
  'a VLAN too large': list(
    '"type": "veth-bridge",\n      "vlan": ⟦5000',
    /vlan: 5000, expected at most 4094/,
  ),
  'an MTU too small': list('"type": "macvlan",\n      "mtu": ⟦60', /at least 68/),
  'a name too long': list(
    '"type": "veth-bridge",\n      "bridge": ⟦"a-bridge-for-pods"',
    /an interface name of 1 to 15 bytes/,
  ),
  'a mode that is none': list('"type": "macvlan",\n      "mode": ⟦"bridged"', /one of "bridge", "private"/),
  'half of a trunk': list(
    '"type": "ovs",\n      "bridge": "br-int",\n      "trunk": [{ "id": 5 }, ⟦{ "minID": 10 }]',
    /trunk\[1\]: .*minID and maxID together/,
  ),
  'name servers as a text': list(
    '"type": "bridge",\n      "dns": { "nameservers": ⟦"10.0.0.1" }',
    /dns\.nameservers: .*expected an array/,
  ),
  'an address for a network': conf(
    ranges('"subnet": ⟦"10.1.0.0"'),
    /ipam\.subnet: "10\.1\.0\.0", expected an address with a prefix/,
  ),
  'a route without a destination': conf(
    ranges('"subnet": "10.1.0.0/24",\n    "routes": [⟦{ "gw": "10.1.0.1" }]'),
    /ipam\.routes\[0\]\.dst: missing/,
  ),
  'a folder that is relative': conf(
    ranges('"subnet": "10.1.0.0/24",\n    "dataDir": ⟦"var/lib"'),
    /ipam\.dataDir: .*absolute path/,
  ),
  'a misspelled IPAM plugin': conf(
    '"type": "bridge",\n  "ipam": { "type": ⟦"host-locl" }',
    /did you mean host-local\?/,
  ),
  'ipam without a type': conf(
    '"type": "bridge",\n  "ipam": ⟦{ "subnet": "10.1.0.0/24" }',
    /ipam\.type: missing, so that subnet would mean nothing/,
  ),
  'an interface plugin for ipam': conf(
    '"type": "bridge",\n  "ipam": { "type": ⟦"macvlan" }',
    /gives no addresses/,
  ),
  'a level that is none': warned(
    list('"type": "bridge",\n      "logLevel": ⟦"loud"', /logLevel: "loud" is none of/),
  ),
  'a log that is relative': warned(
    list('"type": "bridge",\n      "logFile": ⟦"pods.log"', /logFile: "pods\.log" is no absolute path/),
  ),

  // Fields that do not go together.
  'two modes that exclude each other': list(
    '"type": "veth-bridge",\n      "hairpinMode": ⟦true,\n      "promiscMode": true',
    /hairpinMode and promiscMode exclude each other/,
  ),
  'a MAC address of many': list(
    '"type": "veth-bridge",\n      "mac": ⟦"01:00:5e:00:00:01"',
    /no unicast MAC address/,
  ),
  "a VLAN's gateway with too long a name": list(
    '"type": "veth-bridge",\n      "bridge": ⟦"pods-of-tenant",\n      "vlan": 1000,\n      "isGateway": true',
    /longer than the 15 bytes/,
  ),
  'an uplink that is the bridge': list(
    '"type": "veth-bridge",\n      "bridge": "br0",\n      "uplink": { "device": ⟦"br0" }',
    /is the bridge itself/,
  ),
  'a source mode without sources': whole(
    '{\n  "name": "net",\n  "plugins": [⟦{ "type": "macvlan", "mode": "source" }]\n}',
    /sourceMacs: missing/,
  ),
  'sources without their mode': list(
    '"type": "macvlan",\n      "sourceMacs": ⟦["02:00:00:00:00:01"]',
    /only mode "source" has them/,
  ),
  'a MAC address for ipvlan': list(
    '"type": "ipvlan",\n      "ipam": { "type": "dhcp" },\n      "mac": ⟦"02:00:00:00:00:01"',
    /use macvlan/,
  ),
  'an access port with a trunk': list(
    '"type": "ovs",\n      "bridge": "br-int",\n      "vlan": 5,\n      "vlanMode": ⟦"access",\n      "trunk": [{ "id": 6 }]',
    /"access" does not go with trunk/,
  ),
  'two kinds of a port': list(
    '"type": "ovs",\n      "bridge": "br-int",\n      "deviceID": "0000:03:00.2",\n      "portType": ⟦"veth"',
    /portType and deviceID exclude each other/,
  ),
  "a key of plumbline's own": list(
    '"type": "ovs",\n      "bridge": "br-int",\n      "externalIds": ⟦{ "owner": "me" }',
    /the key "owner" is one that plumbline sets itself/,
  ),
  'a QoS without a VLAN': list('"type": "sriov",\n      "vlanQoS": ⟦3', /vlanQoS: 3 needs a vlan/),
  'a rate above the highest': list(
    '"type": "sriov",\n      "min_tx_rate": ⟦200,\n      "max_tx_rate": 100',
    /min_tx_rate: 200 is more than max_tx_rate/,
  ),
  'a device that is none': list('"type": "sriov",\n      "deviceID": ⟦"03:10.2"', /is not a PCI address/),

  // Ranges.
  'host bits': conf(
    ranges('"ranges": [[{ "subnet": ⟦"10.1.0.7/24" }]]'),
    /host bits set; write 10\.1\.0\.0\/24/,
  ),
  'a subnet too small': conf(ranges('"subnet": ⟦"10.1.0.0/31"'), /too small to give addresses from/),
  'a beginning outside': conf(
    ranges('"subnet": "10.1.0.0/24",\n    "rangeStart": ⟦"10.2.0.9"'),
    /is not in the subnet 10\.1\.0\.0\/24/,
  ),
  'an end before the beginning': conf(
    ranges('"subnet": "10.1.0.0/24",\n    "rangeStart": ⟦"10.1.0.9",\n    "rangeEnd": "10.1.0.3"'),
    /comes after the range's end/,
  ),
  'two families in a set': conf(
    ranges('"ranges": [⟦[{ "subnet": "10.1.0.0/24" }, { "subnet": "fd00::/64" }]]'),
    /mixes IPv4 and IPv6/,
  ),
  'ranges that overlap': conf(
    ranges('"ranges": [[{ "subnet": "10.1.0.0/16" }], ⟦[{ "subnet": "10.1.3.0/24" }]]'),
    /overlaps with 10\.1\.0\.1-10\.1\.255\.254 of ipam\.ranges\[0\]/,
  ),
  'no range': conf(`"type": "bridge",\n  "ipam": ⟦{ "type": "host-local" }`, /ipam\.ranges: missing/),
  'more addresses than the version has room for': {
    file: '10-net.conf',
    text: '{\n  "cniVersion": ⟦"0.2.0",\n  "name": "net",\n  "type": "bridge",\n  "ipam": {\n    "type": "host-local",\n    "ranges": [[{ "subnet": "10.1.0.0/24" }], [{ "subnet": "10.2.0.0/24" }]]\n  }\n}\n',
    says: /has room for one IPv4 address/,
  },
};
