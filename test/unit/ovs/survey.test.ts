/** What ADD looks at before it changes anything: the bridge, its own earlier port, ports of containers that are dead. */
import { describe, expect, test } from 'vitest';
import type { HeldLock } from '../../../lib/exec/lock.ts';
import { isSandboxAlive } from '../../../plugins/ovs/marks.ts';
import { isDead, type Survey, survey } from '../../../plugins/ovs/rows.ts';
import { type RecordingHost, recordingHost, sandboxPath } from '../../support/recording-host.ts';

const database = { remote: 'unix:/run/openvswitch/db.sock' };
const holding: HeldLock = { fd: 3, [Symbol.dispose]: () => undefined };
const machine = '0123456789abcdef0123456789abcdef';
const boot = '11111111-1111-4111-8111-111111111111';
const earlier = '22222222-2222-4222-8222-222222222222';

/** What a row says of the attachment it was made for. */
const marks = (attachment: string, more: Readonly<Record<string, string>> = {}) => ({
  owner: 'plumbline',
  attachment,
  bridge: 'br0',
  machine,
  boot,
  netns: sandboxPath,
  'netns-id': '4:10',
  ...more,
});

interface Port {
  readonly name: string;
  readonly type?: string;
  readonly link?: boolean;
  readonly ids: Readonly<Record<string, string>>;
}

/** A host with ports as earlier ADDs have left them. */
function hostWith(...ports: readonly Port[]): RecordingHost {
  const host = recordingHost();
  host.ovs.addBridge('br0');
  for (const { name, type = '', link = false, ids } of ports) {
    if (link) host.machine.put({ ifname: name });
    host.ovs.addPort('br0', name, ids);
    host.ovs.change('Interface', name, 'type', type);
    host.ovs.change('Interface', name, 'external_ids', new Map(Object.entries(ids)));
  }
  return host;
}

const look = (host: RecordingHost): Promise<Survey> =>
  survey(host, database, { bridge: 'br0', mark: 'me', holding });
const deadOf = async (host: RecordingHost): Promise<readonly string[]> =>
  (await look(host)).dead.map(({ name }) => name).sort();

test('one run tells it all', async () => {
  using host = hostWith();
  expect(await look(host)).toEqual({
    bridge: { name: 'br0', datapath: '' },
    datapaths: ['netdev', 'system'],
    own: undefined,
    dead: [],
  });
  expect(host.typedRuns()).toHaveLength(1);
  expect((await survey(host, database, { bridge: 'br9', mark: 'me', holding })).bridge).toBeUndefined();
});

test('the own port is found by its mark, dead or alive, and is not among the dead', async () => {
  using host = hostWith({ name: 'veth1', ids: marks('me') }, { name: 'veth2', ids: marks('other') });
  const { own, dead } = await look(host);
  expect(own).toEqual({ name: 'veth1', type: '', marks: marks('me') });
  expect(dead.map(({ name }) => name)).toEqual(['veth2']);
});

describe('dead are', () => {
  test('ports whose link has no index', async () => {
    using host = hostWith({ name: 'gone', ids: marks('a') }, { name: 'there', link: true, ids: marks('b') });
    expect(await deadOf(host)).toEqual(['gone']);
  });

  test('ports whose link has an error, where it is gone in fact', async () => {
    using host = hostWith({ name: 'gone', ids: marks('a') }, { name: 'there', link: true, ids: marks('b') });
    for (const name of ['gone', 'there']) {
      host.ovs.change('Interface', name, 'error', [`could not open network device ${name}`]);
      host.ovs.change('Interface', name, 'ifindex', []);
    }
    host.ovs.daemon = 'dead';
    expect(await deadOf(host)).toEqual(['gone']);
  });

  test('ports of an earlier boot, of whatever type, and whatever links there are by now', async () => {
    using host = hostWith(
      { name: 'veth1', link: true, ids: marks('a', { boot: earlier }) },
      { name: 'int1', type: 'internal', link: true, ids: marks('b', { boot: earlier }) },
    );
    expect(await deadOf(host)).toEqual(['int1', 'veth1']);
  });
});

test('not dead is what is not ours, on another bridge, or of another machine that has this database too', async () => {
  using host = hostWith(
    { name: 'foreign', ids: { owner: 'somebody', bridge: 'br0', machine, boot: earlier } },
    { name: 'unmarked', ids: {} },
    { name: 'elsewhere', ids: marks('a', { bridge: 'br1', boot: earlier }) },
    { name: 'remote', ids: marks('b', { machine: 'another' }) },
    { name: 'remote-old', ids: marks('c', { machine: 'another', boot: earlier }) },
  );
  expect(await deadOf(host)).toEqual([]);
});

describe('isDead', () => {
  const internal = (ids: Readonly<Record<string, string>>) => ({
    name: 'int1',
    type: 'internal',
    marks: ids,
  });
  using host = recordingHost();

  test('an internal port lives as long as the sandbox that it was moved to', () => {
    expect(isDead(host, internal(marks('a')))).toBe(false);
    expect(isDead(host, internal(marks('a', { 'netns-id': '4:11' })))).toBe(true);
    expect(isDead(host, internal(marks('a', { netns: '/run/netns/none' })))).toBe(true);
    expect(isDead(host, internal(marks('a', { boot: earlier })))).toBe(true);
    expect(isDead(host, internal(marks('a', { machine: 'another', boot: earlier })))).toBe(false);
  });

  test('a sandbox is alive where its path leads to the same namespace, in this boot of this machine', () => {
    expect(isSandboxAlive(host, marks('a'))).toBe(true);
    expect(isSandboxAlive(host, marks('a', { machine: 'another' }))).toBe(false);
    expect(isSandboxAlive(host, { owner: 'plumbline', machine, boot })).toBe(false);
  });
});
