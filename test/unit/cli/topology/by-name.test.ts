import { expect, test } from 'vitest';
import { byName } from '../../../../cli/topology/by-name.ts';

test.each([
  ['numbers count as numbers', ['eth10', 'eth9', 'eth1'], ['eth1', 'eth9', 'eth10']],
  ['a name that another one begins with comes first', ['br0.10', 'br0', 'br'], ['br', 'br0', 'br0.10']],
  [
    'a number comes before letters',
    ['bra', 'br0', 'pod b eth0', 'pod 2 eth0'],
    ['br0', 'bra', 'pod 2 eth0', 'pod b eth0'],
  ],
  ['capital letters as small ones', ['Zeta', 'alpha', 'zeta'], ['alpha', 'Zeta', 'zeta']],
  ['zeros ahead of a number decide last', ['p1', 'p01'], ['p01', 'p1']],
  ['no name at all', ['a', ''], ['', 'a']],
])('%s', (_, names, expected) => {
  expect(names.toSorted(byName)).toEqual(expected);
  expect(names.toReversed().toSorted(byName)).toEqual(expected);
});
