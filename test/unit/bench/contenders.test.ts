import { describe, expect, test } from 'vitest';
import { type Config, type Contender, callOf, configOf, plugins, scenarios } from '../../bench/contenders.ts';
import { floorCall } from '../../bench/floor.ts';
import type { Station } from '../../bench/station.ts';

const station = { node: { dataDir: '/data' } } as Station;
const ours: Contender = { name: 'ours', station, folder: '/ours' };
const reference: Contender = { name: 'reference', station, folder: '/reference' };
const sandbox = { id: 'abc', netns: '/run/netns/x' };

const scenarioOf = (wanted: (typeof plugins)[number]) => scenarios.find(({ plugin }) => plugin === wanted)!;

describe.each(plugins)('%s', (plugin) => {
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
    const { argv } = floorCall('ADD', { plugin, number: 7 }, sandbox, 2);
    expect(argv).toContain(config['bridge'] ?? config['master']);
    expect(argv).toContain('10.7.1.2');
    expect(JSON.stringify(config)).toContain('10.7.0.0/16');
  });

  test('is measured beside a floor once', () => {
    expect(scenarios.filter((other) => other.plugin === plugin && other.withFloor)).toHaveLength(1);
  });
});

test('the many at once have a range of their own in place of the network', () => {
  const range = { subnet: '10.7.0.0/24', rangeStart: '10.7.0.10', rangeEnd: '10.7.0.19' };
  expect(configOf(ours, 7, scenarioOf('macvlan'), range)['ipam']).toMatchObject({ ranges: [[range]] });
});
