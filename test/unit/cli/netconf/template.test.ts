/** `plumbline netconf`: pod CIDRs in templates, and what is checked of the result. */
import { describe, expect, test } from 'vitest';
import { fillIn, needsPodCidrs, parsePodCidrs } from '../../../../cli/netconf/template.ts';
import { findFaults } from '../../../../cli/netconf/validate.ts';
import type { JsonObject } from '../../../../lib/cni/json.ts';
import { confExamples, readExample } from '../../../support/conf-examples.ts';

const dual = ['10.244.3.0/24', 'fd00:244:3::/64'];

const withRanges = (ranges: unknown): JsonObject => ({
  cniVersion: '1.0.0',
  name: 'pods',
  plugins: [
    { type: 'veth-bridge', ipam: { type: 'host-local', ranges } },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
});

const fill = (ranges: unknown, cidrs: readonly string[] = dual): JsonObject =>
  fillIn(withRanges(ranges), parsePodCidrs(cidrs));

describe('podCIDR', () => {
  test('as a subnet: one set for each pod CIDR of the node', () => {
    const template = [[{ subnet: 'podCIDR' }]];
    expect(fill(template)).toEqual(withRanges([[{ subnet: dual[0] }], [{ subnet: dual[1] }]]));
    expect(fill(template, ['10.244.3.0/24'])).toEqual(withRanges([[{ subnet: '10.244.3.0/24' }]]));
  });

  test('its first and last usable address: in the subnet of all nodes', () => {
    const range = { gateway: 'podCIDR.first', rangeStart: 'podCIDR.first', rangeEnd: 'podCIDR.last' };
    expect(fill([[{ subnet: '10.244.0.0/16', ...range }], [{ subnet: 'fd00:244::/48', ...range }]])).toEqual(
      withRanges([
        [
          {
            subnet: '10.244.0.0/16',
            gateway: '10.244.3.1',
            rangeStart: '10.244.3.1',
            rangeEnd: '10.244.3.254',
          },
        ],
        [
          {
            subnet: 'fd00:244::/48',
            gateway: 'fd00:244:3::1',
            rangeStart: 'fd00:244:3::1',
            rangeEnd: 'fd00:244:3:0:ffff:ffff:ffff:ffff',
          },
        ],
      ]),
    );
  });

  test('in a .conf as in a .conflist', () => {
    const conf = {
      name: 'pods',
      type: 'ovs',
      ipam: { type: 'host-local', ranges: [[{ subnet: 'podCIDR' }]] },
    };
    expect(fillIn(conf, parsePodCidrs(['10.244.3.0/24']))).toEqual({
      ...conf,
      ipam: { type: 'host-local', ranges: [[{ subnet: '10.244.3.0/24' }]] },
    });
  });

  test('host bits are cleared', () => {
    expect(fill([[{ subnet: 'podCIDR' }]], ['10.244.3.7/24'])).toEqual(
      withRanges([[{ subnet: '10.244.3.0/24' }]]),
    );
  });

  test('what has none stays as it is, and asks for nothing', () => {
    const config = withRanges([[{ subnet: '10.88.0.0/16', rangeStart: '10.88.0.9' }]]);
    expect(fillIn(config, [])).toEqual(config);
    expect(needsPodCidrs(JSON.stringify(config))).toBe(false);
    expect(needsPodCidrs(JSON.stringify(withRanges([[{ subnet: 'podCIDR' }]])))).toBe(true);
    expect(needsPodCidrs(JSON.stringify(withRanges([[{ gateway: 'podCIDR.first' }]])))).toBe(true);
  });

  test.each([
    [['10.244.3.0'], /is no network/],
    [[''], /is no network/],
    [['10.244.3.0/24', '10.244.4.0/24'], /one of a family/],
  ])('%j is refused', (cidrs, says) => {
    expect(() => parsePodCidrs(cidrs)).toThrow(says);
  });

  test('a family that the node has none of is told', () => {
    const set = [{ subnet: 'fd00::/48', rangeStart: 'podCIDR.first' }];
    expect(() => fill([set], ['10.244.3.0/24'])).toThrow(/no pod CIDR of the family of "fd00::\/48"/);
  });
});

describe('the check', () => {
  test.each(confExamples)('%s is all well', (name) => {
    expect(findFaults(readExample(name))).toEqual([]);
  });

  test.each<[string, unknown, RegExp]>([
    [
      'a template that was not filled in',
      withRanges([[{ subnet: 'podCIDR' }]]),
      /plugins\[0\]\.ipam\.ranges/,
    ],
    [
      'a range outside of its subnet',
      withRanges([[{ subnet: '10.1.0.0/24', rangeStart: '10.2.0.1' }]]),
      /rangeStart/,
    ],
    ['sets that overlap', withRanges([[{ subnet: '10.1.0.0/24' }], [{ subnet: '10.1.0.0/16' }]]), /overlap/],
    ['no name', { ...withRanges([[{ subnet: '10.1.0.0/24' }]]), name: undefined }, /name/],
    ['no type', { name: 'pods', plugins: [{}] }, /plugins\[0\]\.type/],
    ['no plugins', { name: 'pods', plugins: [] }, /plugins/],
    ['a field of another kind', { name: 'pods', type: 'veth-bridge', mtu: 'big' }, /mtu/],
    ['a version of the future', { ...withRanges([]), cniVersion: '9.0.0' }, /cniVersion/],
  ])('%s is a fault, by its field', (_, config, says) => {
    expect(findFaults(config as JsonObject).join('\n')).toMatch(says);
  });
});
