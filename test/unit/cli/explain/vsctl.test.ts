/** Transactions of Open vSwitch in the words of ovs-vsctl. */
import { expect, test } from 'vitest';
import { vsctlWords } from '../../../../cli/explain/vsctl.ts';
import { mutate, type Operation, remove, update } from '../../../../lib/ovs/operation.ts';
import { addBridge, addPort, type PortPlan, removeRows } from '../../../../lib/ovs/port.ts';

const usual = 'unix:/run/openvswitch/db.sock';
const counting = mutate('Open_vSwitch', [], ['next_cfg', '+=', 1]);
const uuid = '01234567-89ab-cdef-0123-456789abcdef';
const plan: PortPlan = {
  bridge: 'br-int',
  name: 'veth1',
  vlans: { mode: 'native-untagged', tag: 100, trunks: [200, 201] },
  type: '',
  mtuRequest: undefined,
  ofportRequest: 7,
  policing: { rate: 1000, burst: 0 },
  shaping: { rate: 5000, burst: undefined },
  marks: { owner: 'plumbline', netns: '/run/netns/blue' },
  portIds: { 'a "key"': "$(id) 'x'" },
  interfaceIds: {},
};

const words = (operations: readonly Operation[], bridges: ReadonlyMap<string, string> = new Map()) =>
  vsctlWords(usual, operations, bridges)?.join(' ').split(' -- ');

test('a port is made with all that belongs to it, and waited for', () => {
  expect(words([...addPort(plan), counting])).toEqual([
    'ovs-vsctl',
    '--id=@interface create Interface name=veth1 ofport_request=7 ingress_policing_rate=1000 ingress_policing_burst=0 external_ids:owner=plumbline external_ids:netns="/run/netns/blue"',
    '--id=@queue create Queue other_config:max-rate="5000" external_ids:owner=plumbline external_ids:netns="/run/netns/blue"',
    '--id=@qos create QoS type=linux-htb other_config:max-rate="5000" queues:0=@queue external_ids:owner=plumbline external_ids:netns="/run/netns/blue"',
    `--id=@port create Port name=veth1 interfaces=@interface vlan_mode=native-untagged tag=100 trunks=200,201 qos=@qos external_ids:"a \\"key\\""="$(id) 'x'" external_ids:owner=plumbline external_ids:netns="/run/netns/blue"`,
    'add Bridge br-int ports @port',
  ]);
});

test('a bridge is made with its own port', () => {
  expect(words([...addBridge('br9', 'netdev'), counting])).toEqual([
    'ovs-vsctl',
    '--id=@local_interface create Interface name=br9 type=internal',
    '--id=@local_port create Port name=br9 interfaces=@local_interface',
    '--id=@bridge create Bridge name=br9 ports=@local_port datapath_type=netdev',
    'add Open_vSwitch . bridges @bridge',
  ]);
});

test('rows go from whatever bridge they are on; without a count, ovs-vswitchd is not waited for', () => {
  const removal = removeRows({ ports: [{ uuid, hasQos: true }], qos: [uuid], queues: [uuid] });
  expect(words(removal, new Map([[uuid, 'br-int']]))).toEqual([
    'ovs-vsctl --no-wait',
    `--if-exists clear Port ${uuid} qos`,
    `--if-exists remove Bridge br-int ports ${uuid}`,
    `--if-exists destroy QoS ${uuid}`,
    `--if-exists destroy Queue ${uuid}`,
  ]);
});

test('another database is named', () => {
  expect(
    vsctlWords('tcp:192.0.2.1:6640', [remove('QoS', [['_uuid', '==', ['uuid', uuid]]])], new Map()),
  ).toContain('--db=tcp:192.0.2.1:6640');
});

test.each<[string, Operation]>([
  ['a row by anything but its name', remove('Port', [['tag', '==', 5]])],
  ['many rows', update('Port', [], { tag: 5 })],
  ['a number that grows', mutate('Port', [['name', '==', 'p']], ['tag', '+=', 1])],
])('it has no words for %s', (_, operation) => {
  expect(words([operation])).toBeUndefined();
});
