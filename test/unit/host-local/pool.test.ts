import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  assignAsked,
  candidates,
  capacity,
  countTaken,
  describeSet,
  gatewaysOf,
  hostBounds,
  isInRange,
  isTooSmall,
  type Range,
  type RangeSet,
  rangeOf,
  rangesOverlap,
} from '../../../ipam/host-local/pool.ts';
import { type Address, boundsOf, formatAddress, parseAddress, parseCidr } from '../../../lib/net/address.ts';

const ip = (text: string): Address => parseAddress(text)!;
const range = (subnet: string, first?: string, last?: string, gateway?: string): Range => {
  const cidr = parseCidr(subnet)!;
  const hosts = hostBounds(boundsOf(cidr));
  return {
    subnet: cidr,
    first: first ? ip(first) : hosts.first,
    last: last ? ip(last) : hosts.last,
    gateway: gateway ? ip(gateway) : hosts.first,
  };
};
const texts = (set: RangeSet, last?: string, sets: readonly RangeSet[] = [set]): string[] =>
  [...candidates(set, gatewaysOf(sets), last ? ip(last) : undefined)].map(({ text }) => text);

describe('the order of addresses', () => {
  const set = [range('10.0.0.0/29'), range('10.0.1.0/30')];

  test('begins with the first address, and never has a gateway', () => {
    expect(texts(set)).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6', '10.0.1.2']);
  });

  test('goes on after the last reserved address, around, and has that one at the end', () => {
    expect(texts(set, '10.0.0.5')).toEqual([
      '10.0.0.6',
      '10.0.1.2',
      '10.0.0.2',
      '10.0.0.3',
      '10.0.0.4',
      '10.0.0.5',
    ]);
    expect(texts(set, '10.0.1.2')[0]).toBe('10.0.0.2');
  });

  test('begins anew where the last reserved address is of no range', () => {
    expect(texts(set, '192.168.0.1')[0]).toBe('10.0.0.2');
    expect(texts(set, 'fd00::1')[0]).toBe('10.0.0.2');
  });

  test('leaves out the gateways of other sets and ranges', () => {
    const low = [range('10.0.0.0/29', '10.0.0.1', '10.0.0.3', '10.0.0.6')];
    const high = [range('10.0.0.0/29', '10.0.0.4', '10.0.0.6', '10.0.0.2')];
    expect(texts(low, undefined, [low, high])).toEqual(['10.0.0.1', '10.0.0.3']);
    expect(texts(high, undefined, [low, high])).toEqual(['10.0.0.4', '10.0.0.5']);
  });

  test('a gateway of one family excludes nothing of the other', () => {
    const six = [range('::/120', '::a00:1', '::a00:3', '::9')];
    const four = [range('10.0.0.0/24')];
    expect(texts(six, undefined, [four, six])).toEqual(['::a00:1', '::a00:2', '::a00:3']);
  });

  test('is found at once in the largest subnet', () => {
    const all = candidates([range('fd00::/16')], [ip('fd00::1')], ip('fd00:ffff::'));
    expect(all.next().value?.text).toBe('fd00:ffff::1');
  });

  test('the last address of a subnet is given in IPv6, and not in IPv4', () => {
    expect(texts([range('10.0.0.0/30')])).toEqual(['10.0.0.2']);
    expect(texts([range('fd00::/126')])).toEqual(['fd00::2', 'fd00::3']);
  });
});

/** Disjoint ranges of 10.0.0.0/16, in any order, each with a gateway somewhere. */
const anySet = fc
  .uniqueArray(fc.nat(60), { minLength: 2, maxLength: 8 })
  .chain((cuts) => {
    const sorted = cuts.toSorted((a, b) => a - b);
    const pairs = sorted.flatMap((from, index) =>
      index % 2 === 0 && sorted[index + 1] !== undefined ? [[from, sorted[index + 1]!] as const] : [],
    );
    return fc.tuple(
      fc.shuffledSubarray(pairs, { minLength: 1 }),
      fc.array(fc.nat(60), { minLength: pairs.length, maxLength: pairs.length }),
    );
  })
  .map(([pairs, gateways]) =>
    pairs.map(([from, to], index) =>
      range('10.0.0.0/16', `10.0.0.${from}`, `10.0.0.${to}`, `10.0.0.${gateways[index]}`),
    ),
  );
const anyLast = fc.option(
  fc.nat(70).map((host) => `10.0.0.${host}`),
  { nil: undefined },
);

describe('properties of the order', () => {
  test('each address that is in a range and no gateway comes exactly once', () => {
    fc.assert(
      fc.property(anySet, anyLast, (set, last) => {
        const given = texts(set, last);
        const gateways = new Set(set.map(({ gateway }) => formatAddress(gateway)));
        const expected = Array.from({ length: 61 }, (_, host) => `10.0.0.${host}`).filter(
          (text) => !gateways.has(text) && rangeOf(set, ip(text)) !== undefined,
        );
        expect(given.toSorted()).toEqual(expected.toSorted());
        expect(capacity(set, gatewaysOf([set]))).toBe(BigInt(expected.length));
        expect(countTaken(set, gatewaysOf([set]), given.map(ip))).toBe(expected.length);
      }),
    );
  });

  test('the last reserved address comes last, and the order turns around it', () => {
    fc.assert(
      fc.property(anySet, (set) => {
        const all = texts(set);
        for (const [index, last] of all.entries()) {
          expect(texts(set, last)).toEqual([...all.slice(index + 1), ...all.slice(0, index + 1)]);
        }
      }),
    );
  });

  test('with reservations and releases at random, no address is had twice and none is lost', () => {
    const anyStep = fc.oneof(fc.constant('take' as const), fc.nat());
    fc.assert(
      fc.property(anySet, fc.array(anyStep, { maxLength: 150 }), (set, steps) => {
        const size = capacity(set, gatewaysOf([set]));
        const held: string[] = [];
        let last: string | undefined;
        for (const step of steps) {
          if (step !== 'take') {
            held.splice(step % (held.length + 1), 1);
            continue;
          }
          const free = texts(set, last).find((text) => !held.includes(text));
          expect(free === undefined).toBe(BigInt(held.length) === size);
          held.push(...(free === undefined ? [] : [free]));
          last = free ?? last;
        }
        expect(new Set(held).size).toBe(held.length);
      }),
    );
  });

  test('texts are those of the addresses, across blocks too', () => {
    const anyStart = fc.oneof(
      fc.tuple(fc.constant(4 as const), fc.bigInt(0n, 2n ** 32n - 1000n)),
      fc.tuple(fc.constant(6 as const), fc.bigInt(2n ** 64n, 2n ** 128n - 1000n)),
      // Groups of zeros on either side of where the last group begins.
      fc.tuple(
        fc.constant(6 as const),
        fc.nat(7).map((shift) => (1n << BigInt(64 + shift * 8)) - 100n),
      ),
    );
    fc.assert(
      fc.property(anyStart, fc.nat(600), ([family, value], length) => {
        const first: Address = { family, value };
        const last: Address = { family, value: value + BigInt(length) };
        const set = [{ subnet: { address: first, prefix: 0 }, first, last, gateway: last }];
        const given = [...candidates(set, [], undefined)];
        expect(given.map(({ text }) => text)).toEqual(given.map(({ address }) => formatAddress(address)));
        expect(given.map(({ address }) => address.value)).toEqual(
          Array.from({ length: length + 1 }, (_, index) => value + BigInt(index)),
        );
      }),
    );
  });

  test('what is known to be taken is passed over', () => {
    fc.assert(
      fc.property(anySet, anyLast, fc.array(fc.nat(60)), (set, last, hosts) => {
        const taken = hosts.map((host) => `10.0.0.${host}`);
        const given = [...candidates(set, gatewaysOf([set]), last ? ip(last) : undefined, taken)];
        expect(given.map(({ text }) => text)).toEqual(
          texts(set, last).filter((text) => !taken.includes(text)),
        );
      }),
    );
  });

  test('an address rests for a whole round before it is given again', () => {
    fc.assert(
      fc.property(anySet, (set) => {
        const all = texts(set);
        let last: string | undefined;
        // Each is released at once, as by a container that starts and crashes.
        const given = Array.from({ length: all.length * 2 }, () => (last = texts(set, last)[0]));
        expect(given).toEqual([...all, ...all]);
      }),
    );
  });
});

describe('ranges', () => {
  test('too small are /31, /32, /127 and /128', () => {
    const small = ['10.0.0.0/30', '10.0.0.0/31', '10.0.0.0/32', 'fd00::/126', 'fd00::/127', 'fd00::/128'];
    expect(small.filter((text) => isTooSmall(parseCidr(text)!))).toEqual([
      '10.0.0.0/31',
      '10.0.0.0/32',
      'fd00::/127',
      'fd00::/128',
    ]);
  });

  test('overlap by their addresses, not by their subnets', () => {
    const a = range('10.0.0.0/24', '10.0.0.10', '10.0.0.20');
    expect(rangesOverlap(a, range('10.0.0.0/24', '10.0.0.20', '10.0.0.30'))).toBe(true);
    expect(rangesOverlap(a, range('10.0.0.0/24', '10.0.0.21', '10.0.0.30'))).toBe(false);
    expect(rangesOverlap(a, range('10.0.0.0/8'))).toBe(true);
    expect(rangesOverlap(range('0.0.0.0/1'), range('::/97'))).toBe(false);
  });

  test('are named in short', () => {
    expect(describeSet([range('10.0.0.0/24'), range('10.0.1.0/24')])).toBe(
      '10.0.0.1-10.0.0.254, 10.0.1.1-10.0.1.254',
    );
    expect(describeSet(Array.from({ length: 9 }, () => range('10.0.0.0/24')))).toMatch(/, … \(9 ranges\)$/);
  });
});

describe('asked-for addresses', () => {
  const sets = [[range('10.0.0.0/24'), range('10.0.1.0/24')], [range('fd00::/64')]];
  const ask = (...asked: string[]): ReturnType<typeof assignAsked> => assignAsked(sets, asked.map(ip));

  test('come each from the set that holds it', () => {
    const { bySet, faults } = ask('fd00::9', '10.0.1.9');
    expect([...bySet].map(([set, address]) => [set, formatAddress(address)])).toEqual([
      [1, 'fd00::9'],
      [0, '10.0.1.9'],
    ]);
    expect(faults).toEqual([]);
  });

  test('are one where the same is asked for twice', () => {
    expect(ask('10.0.0.9', '10.0.0.9')).toMatchObject({ faults: [], bySet: { size: 1 } });
  });

  test.each([
    ['outside', ['192.168.0.1']],
    ['gateway', ['10.0.1.1']],
    ['crowded', ['10.0.0.9', '10.0.1.9']],
  ])('%s', (kind, asked) => {
    expect(ask(...asked).faults).toMatchObject([{ kind }]);
  });

  test('are given or refused, each of them', () => {
    const anyAsked = fc.array(
      fc.constantFrom('10.0.0.1', '10.0.0.2', '10.0.1.3', 'fd00::1', 'fd00::2', '1.1.1.1'),
    );
    fc.assert(
      fc.property(anyAsked, (asked) => {
        const { bySet, faults } = ask(...asked);
        const told = new Set([...bySet.values(), ...faults.map(({ address }) => address)].map(formatAddress));
        expect([...told].toSorted()).toEqual([...new Set(asked)].toSorted());
        for (const [index, address] of bySet) {
          expect(sets[index]!.some((each) => isInRange(each, address))).toBe(true);
        }
      }),
    );
  });
});
