import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Attachment,
  aliasOf,
  commentOf,
  hostVethName,
  identify,
  isMarked,
  isOfNetwork,
  markedAmong,
} from '../../../lib/cni/identity.ts';
import { ifnameFault } from '../../../lib/cni/request.ts';
import { batchText } from '../../../lib/ip/command.ts';
import { quoted } from '../../../lib/nft/transaction.ts';

const identifier = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,40}$/),
  fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{200,254}$/),
);
const ifname = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 15 })
  .filter((name) => ifnameFault(name) === undefined);
const attachment: fc.Arbitrary<Attachment> = fc.record({
  network: identifier,
  containerId: identifier,
  ifname,
});

describe('the names and labels of an attachment', () => {
  test('fit where they are put, whatever the attachment is called', () => {
    fc.assert(
      fc.property(attachment, (one) => {
        const identity = identify(one);
        expect(ifnameFault(hostVethName(identity))).toBeUndefined();
        expect(Buffer.byteLength(identity.key)).toBe(15);
        expect(Buffer.byteLength(aliasOf(identity))).toBeLessThanOrEqual(255);
        expect(Buffer.byteLength(commentOf(identity))).toBeLessThanOrEqual(128);
        expect(() => batchText([[aliasOf(identity), one.ifname]])).not.toThrow();
        expect(() => quoted(commentOf(identity))).not.toThrow();
      }),
      { numRuns: 1000 },
    );
  });

  test('are cut between characters, so that they stay valid text', () => {
    const identity = identify({ network: 'n'.repeat(150), containerId: 'c'.repeat(51), ifname: 'éééé€€' });
    const alias = aliasOf(identity);
    expect(Buffer.byteLength(alias)).toBeLessThanOrEqual(255);
    expect(Buffer.from(alias).toString()).toBe(alias);
    expect(alias.isWellFormed()).toBe(true);
  });

  test('tell whose they are, and of which network', () => {
    fc.assert(
      fc.property(attachment, attachment, (one, other) => {
        const identity = identify(one);
        for (const label of [aliasOf(identity), commentOf(identity)]) {
          expect(isMarked(label, identity)).toBe(true);
          expect(isOfNetwork(label, one.network)).toBe(true);
          const isSame = JSON.stringify(one) === JSON.stringify(other);
          expect(isMarked(label, identify(other))).toBe(isSame);
          expect(markedAmong([identify(other)])(label)).toBe(isSame);
          expect(markedAmong([identify(other), identity])(label)).toBe(true);
          expect(markedAmong([])(label)).toBe(false);
          expect(isOfNetwork(label, other.network)).toBe(one.network === other.network);
        }
      }),
    );
  });

  test('differ for two interfaces of one container, and are the same each time', () => {
    const first = identify({ network: 'n', containerId: 'c', ifname: 'eth0' });
    const second = identify({ network: 'n', containerId: 'c', ifname: 'eth1' });
    expect(hostVethName(first)).toMatch(/^veth[0-9a-f]{11}$/);
    expect(hostVethName(first)).not.toBe(hostVethName(second));
    expect(identify({ network: 'n', containerId: 'c', ifname: 'eth0' })).toEqual(first);
    // Parts that join to the same text are others all the same.
    expect(identify({ network: 'nc', containerId: '-', ifname: 'eth0' }).key).not.toBe(
      identify({ network: 'n', containerId: 'c-', ifname: 'eth0' }).key,
    );
  });

  test('are read by people', () => {
    const identity = identify({ network: 'pods', containerId: 'c1', ifname: 'eth0' });
    expect(aliasOf(identity)).toMatch(/^plumbline:[0-9a-f]{16}-[0-9a-f]{16}:pods\/c1\/eth0$/);
  });

  test.each([undefined, '', 'plumbline', 'something else'])('nothing else is: %j', (label) => {
    const identity = identify({ network: 'pods', containerId: 'c1', ifname: 'eth0' });
    expect(isMarked(label, identity)).toBe(false);
    expect(markedAmong([identity])(label)).toBe(false);
    expect(markedAmong([identity])(`${identity.mark}x`)).toBe(false);
    expect(isOfNetwork(label, 'pods')).toBe(false);
  });
});
