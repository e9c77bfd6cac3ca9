import { expect, test } from 'vitest';
import { staleFiles } from '../../../../scripts/topology.ts';

test('the example in docs is as it is drawn now (make topology)', async () => {
  expect(await staleFiles()).toEqual([]);
});
