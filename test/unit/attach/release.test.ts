/** When a DEL gives the address back. */
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { releaseBy, withRelease } from '../../../lib/attach/release.ts';
import type { Ipam } from '../../../lib/cni/delegate.ts';

/** Notes when it is called, and when it may change something. */
function ipamOf(type: string, told: string[]): Ipam {
  const refuse = (): never => expect.unreachable();
  return {
    ...{ type, isOurs: refuse, add: refuse, check: refuse, gc: refuse, status: refuse },
    async del(after) {
      told.push('called');
      await after;
      told.push('released');
    },
  };
}

const stepsOf = (type: string, told: string[]): readonly (() => Promise<void>)[] => {
  const ipam = ipamOf(type, told);
  const releasing = releaseBy(ipam);
  const link = async (): Promise<void> => {
    releasing.prepare();
    await setTimeout(5);
    told.push('link gone');
  };
  return withRelease(ipam, [link], releasing);
};

test('last, and prepared before', async () => {
  const told: string[] = [];
  for (const step of stepsOf('host-local', told)) await step();
  expect(told).toEqual(['called', 'link gone', 'released']);
});

test('first with dhcp, and then not once more', async () => {
  const told: string[] = [];
  for (const step of stepsOf('dhcp', told)) await step();
  expect(told).toEqual(['called', 'released', 'link gone']);
});

test('without preparation, or without IPAM', async () => {
  const told: string[] = [];
  for (const step of withRelease(ipamOf('static', told), [])) await step();
  expect(told).toEqual(['called', 'released']);
  for (const step of withRelease(undefined, [])) await step();
  releaseBy(undefined).prepare();
});

test('what fails while it is prepared is told when it is due, and not before', async () => {
  const { prepare, release } = releaseBy({
    ...ipamOf('host-local', []),
    del: () => Promise.reject(new Error('no such plugin')),
  });
  prepare();
  await setTimeout(5);
  await expect(release()).rejects.toThrow('no such plugin');
});
