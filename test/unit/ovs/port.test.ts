/** A port as commands of one transaction, and what takes it away; both carried out on a made-up database. */
import { describe, expect, test } from 'vitest';
import { commit, commitAndWait } from '../../../lib/ovs/commit.ts';
import { addPort, noRows, type PortPlan, removeRows } from '../../../lib/ovs/port.ts';
import { type RecordingHost, recordingHost } from '../../support/recording-host.ts';

const database = { remote: 'unix:/run/openvswitch/db.sock' };
const plain: PortPlan = {
  bridge: 'br0',
  name: 'veth1',
  vlans: { mode: 'trunk', tag: undefined, trunks: [] },
  type: '',
  mtuRequest: undefined,
  ofportRequest: undefined,
  policing: undefined,
  shaping: undefined,
  marks: { owner: 'plumbline', 'pod-name': undefined },
  portIds: {},
  interfaceIds: {},
};

function host(): RecordingHost {
  const made = recordingHost();
  made.ovs.addBridge('br0');
  made.machine.put({ ifname: 'veth1' });
  return made;
}

describe('addPort', () => {
  test('of a plain trunk is a port with its marks, and an interface with the same', () => {
    const external_ids = ['map', [['owner', 'plumbline']]];
    expect(addPort(plain)).toEqual([
      expect.objectContaining({ op: 'wait', table: 'Bridge', timeout: 0, where: [['name', '==', 'br0']] }),
      { op: 'insert', table: 'Interface', row: { name: 'veth1', external_ids }, 'uuid-name': 'interface' },
      {
        op: 'insert',
        table: 'Port',
        row: { name: 'veth1', interfaces: ['named-uuid', 'interface'], vlan_mode: 'trunk', external_ids },
        'uuid-name': 'port',
      },
      {
        op: 'mutate',
        table: 'Bridge',
        where: [['name', '==', 'br0']],
        mutations: [['ports', 'insert', ['named-uuid', 'port']]],
      },
    ]);
  });

  test('with all that a port can have', async () => {
    using made = host();
    const plan: PortPlan = {
      ...plain,
      vlans: { mode: 'native-untagged', tag: 0, trunks: [5, 6] },
      type: 'internal',
      mtuRequest: 1400,
      ofportRequest: 65279,
      policing: { rate: 3000, burst: 0 },
      shaping: { rate: 50_000_000, burst: 1000 },
      // The marks go over whatever else is asked for.
      portIds: { owner: 'x', a: '--' },
      interfaceIds: { 'iface-id': 'p "1"', 'attached-mac': '02:00:00:00:00:01' },
    };
    await commitAndWait(made, database, addPort({ ...plan, name: 'veth2' }), []);
    const [qos] = made.ovs.rows('QoS');
    const [queue] = made.ovs.rows('Queue');
    expect(made.ovs.row('Port', 'veth2')).toMatchObject({
      vlan_mode: ['native-untagged'],
      tag: [0],
      trunks: [5, 6],
      qos: [qos?.['_uuid']],
      external_ids: new Map([
        ['owner', 'plumbline'],
        ['a', '--'],
      ]),
    });
    expect(made.ovs.row('Interface', 'veth2')).toMatchObject({
      type: 'internal',
      mtu_request: [1400],
      ofport: [65279],
      ingress_policing_rate: 3000,
      ingress_policing_burst: 0,
      external_ids: new Map([
        ['iface-id', 'p "1"'],
        ['attached-mac', '02:00:00:00:00:01'],
        ['owner', 'plumbline'],
      ]),
    });
    expect(qos).toMatchObject({
      type: 'linux-htb',
      other_config: new Map([['max-rate', '50000000']]),
      queues: new Map([['0', queue?.['_uuid']]]),
      external_ids: new Map([['owner', 'plumbline']]),
    });
    expect(queue).toMatchObject({
      other_config: new Map([
        ['max-rate', '50000000'],
        ['burst', '1000'],
      ]),
      external_ids: new Map([['owner', 'plumbline']]),
    });
    // Every word of it can be read back: the change, and the waiting.
    expect(made.typedRuns()).toHaveLength(2);
  });
});

describe('removeRows', () => {
  const uuid = '11111111-1111-4111-8111-111111111111';

  test('of nothing is nothing, and runs nothing', async () => {
    using made = host();
    expect(removeRows(noRows)).toEqual([]);
    await commit(made, database, removeRows(noRows));
    expect(made.runs).toEqual([]);
  });

  test('takes ports out of whatever bridge has them, however many they are, by one operation', () => {
    const ports = [
      { uuid, hasQos: false },
      { uuid: uuid.replaceAll('1', '2'), hasQos: false },
    ];
    expect(removeRows({ ...noRows, ports })).toEqual([
      {
        op: 'mutate',
        table: 'Bridge',
        where: [],
        mutations: [['ports', 'delete', ['set', ports.map((port) => ['uuid', port.uuid])]]],
      },
    ]);
  });

  test('lets a port go of its QoS first, so that this can go with it', async () => {
    using made = host();
    await commitAndWait(made, database, addPort({ ...plain, shaping: { rate: 1000, burst: undefined } }), []);
    const idOf = (table: 'QoS' | 'Queue'): string => String(made.ovs.rows(table)[0]?.['_uuid']);
    const port = { uuid: String(made.ovs.row('Port', 'veth1')?.['_uuid']), hasQos: true };
    const all = { ports: [port], qos: [idOf('QoS')], queues: [idOf('Queue')] };
    // The row of a port that no bridge has still counts as one that refers to the QoS.
    await expect(
      commit(made, database, removeRows({ ...all, ports: [{ ...port, hasQos: false }] })),
    ).rejects.toThrow(/referential integrity/);
    await commit(made, database, removeRows(all));
    for (const table of ['QoS', 'Queue'] as const) expect(made.ovs.rows(table)).toEqual([]);
    expect(made.ovs.rows('Port').map(({ name }) => name)).toEqual(['br0']);
    expect(made.ovs.rows('Interface').map(({ name }) => name)).toEqual(['br0']);
    // What is gone already is no error.
    await commit(made, database, removeRows(all));
    expect(made.typedRuns()).toHaveLength(5);
  });
});
