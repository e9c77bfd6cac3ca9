import { describe, expect, test } from 'vitest';
import { type Config, type Contender, callOf, configOf, neededExecutables } from '../../bench/contenders.ts';
import { floorCall, floorName, floorOf } from '../../bench/floor.ts';
import { lackOfFunctions } from '../../bench/functions.ts';
import { hasReference, plugins, scenarios } from '../../bench/scenarios.ts';
import type { Station } from '../../bench/station.ts';

const station = { node: { dataDir: '/data' } } as Station;
const ours: Contender = { name: 'pkg', station, folder: '/ours' };
const reference: Contender = { name: 'reference', station, folder: '/reference' };
const sandbox = { id: 'abc', netns: '/run/netns/x' };

const scenarioOf = (wanted: (typeof plugins)[number]) => scenarios.find(({ plugin }) => plugin === wanted)!;

const interfacePlugins = plugins.filter((plugin) => hasReference(plugin) && plugin !== 'host-local');

describe.each(interfacePlugins)('%s', (plugin) => {
  const scenario = scenarioOf(plugin);
  const configs = [ours, reference].map((side) => configOf(side, 7, scenario));

  test('both sides get the same network, each by its own name of the plugin', () => {
    const [a, b] = configs as [Config, Config];
    expect({ ...a, type: '' }).toEqual({ ...b, type: '' });
    expect(a.type).toBe(plugin);
    expect(b.type).toBe(plugin === 'veth-bridge' ? 'bridge' : plugin);
  });

  test('a call runs what its config names', () => {
    const [, config] = configs as [Config, Config];
    const { argv, input } = callOf(reference, 'DEL', config, sandbox, { result: '{"ips":[]}' });
    expect(argv).toEqual([`/reference/${config.type}`]);
    expect(JSON.parse(input)).toMatchObject({ type: config.type, prevResult: { ips: [] } });
  });

  test('the floor makes the same: on the same link of the node, in the same subnet', () => {
    const [config] = configs as [Config, Config];
    const { argv } = floorCall('ADD', floorOf(scenario, 7)!, { sandbox, host: 2 });
    expect(argv).toContain(config['bridge'] ?? config['master']);
    expect(argv).toContain('10.7.200.2/16');
    expect(JSON.stringify(config)).toContain('10.7.0.0/16');
  });

  test('is measured beside what is made by hand once', () => {
    expect(scenarios.filter((other) => other.plugin === plugin && other.byHand)).toHaveLength(1);
  });
});

describe('ovs', () => {
  const ovs = scenarios.filter(({ plugin }) => plugin === 'ovs');

  test('is measured with both port types on both datapaths, beside what is made by hand', () => {
    expect(ovs.map(({ datapath, byHand }) => `${datapath} ${byHand}`)).toEqual([
      'netdev ovs-veth',
      'netdev ovs-internal',
      'system ovs-veth',
      'system ovs-internal',
    ]);
  });

  test.each(ovs)('$title: the plugin and the script use the same bridge of the same database', (scenario) => {
    const { bridge, socket_file: database } = configOf(ours, 7, scenario);
    const { argv } = floorCall('ADD', floorOf(scenario, 7)!, { sandbox, host: 2, name: 'handabc' });
    expect(argv).toEqual(expect.arrayContaining([bridge, database, 'handabc', '10.7.200.2/16']));
  });

  test('no executable of the reference is asked for', () => {
    const needed = neededExecutables(['pkg', 'reference']);
    expect(needed.filter((file) => file.endsWith('/ovs'))).toHaveLength(1);
    expect(needed.filter((file) => file.endsWith('/macvlan'))).toHaveLength(2);
  });
});

describe('sriov', () => {
  const scenario = scenarioOf('sriov');

  test('the plugin takes a function of the NIC; what is made by hand has functions of its own, by name', () => {
    expect(configOf(ours, 7, scenario)).toMatchObject({ type: 'sriov', master: 'nic7' });
    const { argv } = floorCall('ADD', floorOf(scenario, 7)!, { sandbox, host: 2 });
    expect(argv).toEqual(expect.arrayContaining([floorName(7, 2), '10.7.200.2/16', sandbox.netns]));
  });

  test('without a NIC that is named for it, it is missing, and the reason says what names one', () => {
    expect(process.env['PLUMBLINE_BENCH_PF']).toBeUndefined();
    expect(lackOfFunctions()).toBe('no NIC with SR-IOV that nobody uses is named by PLUMBLINE_BENCH_PF');
  });
});

test.each(scenarios.filter(({ withTraffic }) => withTraffic))(
  '$plugin, $title: traffic has something made by hand beside it',
  ({ byHand }) => {
    expect(byHand).toBeDefined();
  },
);

test('the many at once have a range of their own in place of the network', () => {
  const range = { subnet: '10.7.0.0/24', rangeStart: '10.7.0.10', rangeEnd: '10.7.0.19' };
  expect(configOf(ours, 7, scenarioOf('macvlan'), { range })['ipam']).toMatchObject({ ranges: [[range]] });
});

test('dual stack is a second set of ranges', () => {
  const scenario = scenarios.find(({ dualStack }) => dualStack)!;
  expect(configOf(ours, 7, scenario)['ipam']).toMatchObject({
    ranges: [[{ subnet: '10.7.0.0/16' }], [{ subnet: 'fd00:7::/64' }]],
  });
});

test('host-local by itself hangs on no link', () => {
  const config = configOf(reference, 7, scenarioOf('host-local'));
  expect(config).toMatchObject({ type: 'host-local', ipam: { type: 'host-local' } });
  expect(Object.keys(config)).not.toEqual(expect.arrayContaining(['master']));
});

test('each build that is measured has all plugins', () => {
  expect(neededExecutables(['bun']).filter((file) => file.includes('dist/bun/bin/'))).toHaveLength(
    plugins.length,
  );
});
