/** Limits of a port: as rows, as what iperf3 measures, and gone with the port. */
import { describe, expect, test } from 'vitest';
import {
  type Component,
  type Config,
  createContainer,
  expectFailure,
  has,
  isNewHere,
  mapOf,
  measure,
  takesSamples,
  testNeeds,
  valuesOf,
} from '../../support/index.ts';
import { expectNoRows, forOvs, hostLocal, ovsConfig, ovsNetwork, rowsOf, stateOf } from './pods.ts';

const bandwidth = {
  ingressRate: 50_000_000,
  ingressBurst: 5_000_000,
  egressRate: 40_000_000,
  egressBurst: 4_000_000,
};
const capabilities = { bandwidth: true };
const forLimits: readonly Component[] = [...forOvs, 'htb', 'policing'];

/** Of what the virtual machine alone can keep; `make test-full` tries all of it there. */
const spotChecked = new Set(['egressRate over ingressPolicingRate', 'ingressRate alone']);

describe('the rows', () => {
  testNeeds(
    forLimits,
    'of runtimeConfig.bandwidth: QoS into the container, policing out of it',
    async ({ node, ovs }) => {
      const pods = ovsNetwork(node, { capabilities });
      const blue = await pods.start('blue', { capabilityArgs: { bandwidth } });
      const { port, iface } = await rowsOf(ovs, blue);
      expect(iface).toMatchObject({ ingress_policing_rate: 40_000, ingress_policing_burst: 4_000 });
      const [qos, ...moreQos] = await ovs.rows('QoS');
      const [queue, ...moreQueues] = await ovs.rows('Queue');
      expect([moreQos, moreQueues]).toEqual([[], []]);
      expect(valuesOf(port, 'qos')).toEqual([qos?.['_uuid']]);
      expect(mapOf(qos, 'queues')).toEqual({ '0': queue?.['_uuid'] });
      expect(qos?.['type']).toBe('linux-htb');
      expect(mapOf(qos, 'other_config')).toMatchObject({ 'max-rate': '50000000' });
      expect(mapOf(queue, 'other_config')).toMatchObject({ 'max-rate': '50000000', burst: '5000000' });
      for (const row of [qos, queue])
        expect(mapOf(row, 'external_ids')).toMatchObject({ owner: 'plumbline', 'container-id': blue.id });
      await pods.check(blue, { capabilityArgs: { bandwidth } });
      await pods.clear();
      await expectNoRows(ovs);
    },
  );

  interface Part {
    readonly fields: Config;
    readonly iface: Config;
    readonly qos: number;
    readonly needs?: readonly Component[];
  }
  const parts: Readonly<Record<string, Part>> = {
    'ingressPolicingRate and Burst of the config': {
      fields: { ingressPolicingRate: 10_000, ingressPolicingBurst: 1_000 },
      iface: { ingress_policing_rate: 10_000, ingress_policing_burst: 1_000 },
      qos: 0,
      needs: ['policing'],
    },
    'ingressPolicingRate alone': {
      fields: { ingressPolicingRate: 10_000 },
      iface: { ingress_policing_rate: 10_000, ingress_policing_burst: 0 },
      qos: 0,
      needs: ['policing'],
    },
    'egressRate over ingressPolicingRate': {
      fields: { ingressPolicingRate: 10_000, runtimeConfig: { bandwidth: { egressRate: 20_000_000 } } },
      iface: { ingress_policing_rate: 20_000 },
      qos: 0,
      needs: ['policing'],
    },
    'ingressRate alone': {
      fields: { runtimeConfig: { bandwidth: { ingressRate: 20_000_000 } } },
      iface: { ingress_policing_rate: 0 },
      qos: 1,
      needs: ['htb'],
    },
    'rates of 0 are none': {
      fields: { runtimeConfig: { bandwidth: { ingressRate: 0, egressRate: 0 } } },
      iface: { ingress_policing_rate: 0 },
      qos: 0,
    },
    'bursts without a rate are none': {
      fields: { runtimeConfig: { bandwidth: { ingressBurst: 1_000_000, egressBurst: 1_000_000 } } },
      iface: { ingress_policing_rate: 0 },
      qos: 0,
    },
  };
  for (const [what, { fields, iface, qos, needs = [] }] of Object.entries(parts)) {
    if (!isNewHere(needs) || (takesSamples && !spotChecked.has(what))) continue;
    testNeeds([...forOvs, ...needs], what, async ({ node, ovs }) => {
      const pods = ovsNetwork(node, fields);
      const blue = await pods.start('blue');
      expect((await rowsOf(ovs, blue)).iface).toMatchObject(iface);
      expect(await ovs.rows('QoS')).toHaveLength(qos);
      expect(await ovs.rows('Queue')).toHaveLength(qos);
      await pods.check(blue);
      await pods.clear();
      await expectNoRows(ovs);
    });
  }

  testNeeds(
    [...forOvs, 'htb'],
    'go with the port: by DEL after the sandbox, by GC, by an ADD that fails',
    async ({ node, ovs }) => {
      const fields = { runtimeConfig: { bandwidth: { ingressRate: 50_000_000 } } };
      const pods = ovsNetwork(node, fields);
      const [blue, red] = [await pods.start('blue'), await pods.start('red')];
      expect(await ovs.rows('QoS')).toHaveLength(2);
      await blue.remove();
      await pods.del(blue);
      expect(await ovs.rows('QoS')).toHaveLength(1);
      await pods.gc();
      await expectNoRows(ovs);
      const ipam = {
        ...hostLocal(node, '10.40.0.0/24'),
        routes: [{ dst: '192.0.2.0/24', gw: '172.31.0.1' }],
      };
      const call = { command: 'ADD', config: ovsConfig(node, { ...fields, ipam }), container: red };
      await expectFailure(node, call, { says: /192\.0\.2\.0/ });
      await expectNoRows(ovs);
    },
  );
});

describe('a limit that the kernel cannot keep is an error, and nothing is left', () => {
  const directions: Readonly<Record<string, { readonly rates: Config; readonly lacking: Component }>> = {
    'into the container': { rates: { ingressRate: 1_000_000 }, lacking: 'htb' },
    'out of the container': { rates: { egressRate: 1_000_000 }, lacking: 'policing' },
  };
  for (const [what, { rates, lacking }] of Object.entries(directions)) {
    // There is something to see only where the kernel lacks it.
    if (has(lacking)) {
      test.skip(`${what}: this kernel can`, () => undefined);
      continue;
    }
    testNeeds(forOvs, what, async ({ node, ovs }) => {
      const blue = await createContainer(node, { name: 'blue' });
      const before = await stateOf(node, ovs);
      const config = ovsConfig(node, { runtimeConfig: { bandwidth: rates } });
      const call = { command: 'ADD', config, container: blue };
      await expectFailure(node, call, { code: 101, says: new RegExp(`no limit ${what}`) });
      expect(await stateOf(node, ovs)).toBe(before);
      expect(await blue.link('eth0')).toBeUndefined();
    });
  }
});

testNeeds(
  [...forLimits, 'ovs-kernel', 'iperf3'],
  'iperf3 measures the rates: 50 Mbit/s into the container, and out of it',
  async ({ node, ovs }) => {
    // Policing throws away what is too much, so one TCP connection alone stays far below the rate: several, and a burst
    // that lasts for a round trip of a slow machine.
    const rates = { ...bandwidth, egressRate: 50_000_000, egressBurst: 16_000_000 };
    const limited = ovsNetwork(node, { runtimeConfig: { bandwidth: rates } });
    // The other end of the measurement, in the same subnet.
    const ranges = [[{ subnet: '10.40.0.0/24', rangeStart: '10.40.0.100' }]];
    const free = ovsNetwork(node, { name: 'free', ipam: { ...hostLocal(node), ranges } });
    const [blue, red] = [await limited.start('blue'), await free.start('red')];
    const options = { seconds: 8, streams: 4 };
    for (const [from, to] of [
      [red, blue],
      [blue, red],
    ] as const) {
      const rate = await measure(from, to, to.ip4, options);
      expect(rate / 1e6, `${from.name} to ${to.name}, Mbit/s`).toBeGreaterThan(35);
      expect(rate / 1e6, `${from.name} to ${to.name}, Mbit/s`).toBeLessThan(60);
    }
    await limited.clear();
    await free.clear();
    await expectNoRows(ovs);
  },
);
