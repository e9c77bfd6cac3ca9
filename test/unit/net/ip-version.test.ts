/** Told by hand, as Node tells it. */
import { isIP } from 'node:net';
import { expect, test } from 'vitest';
import { ipVersion } from '../../../lib/net/ip-version.ts';

const texts = [
  ...[
    '',
    '1',
    '1.2.3',
    '1.2.3.4',
    '1.2.3.4.',
    '1.2.3.4.5',
    '01.2.3.4',
    '256.1.1.1',
    '0x1.2.3.4',
    '1.2.3.4 ',
    '1..3.4',
  ],
  ...[
    '::',
    '::1',
    '1::',
    ':1',
    '1:',
    ':::',
    '1:2:3:4:5:6:7:8',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
  ],
  ...[
    'fd00::10',
    'FD00::Ab',
    '12345::',
    '::g',
    '1:2:3:4:5:6:7::',
    '::2:3:4:5:6:7:8',
    '[::1]',
    '::1/64',
    '::1]@[::2',
  ],
  ...[
    '::1.2.3.4',
    '::ffff:1.2.3.4',
    '::ffff:01.2.3.4',
    '::ffff:1.2.3',
    '::ffff:0x1.2.3.4',
    '1.2.3.4::',
    '::1.2.3.4:5',
  ],
  ...['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:7:1.2.3.4', '1:2:3:4:5:1.2.3.4', '::1.2.3.256', '::ffff:1.2.3.4.5'],
];

test.each(texts)('%j', (text) => {
  expect(ipVersion(text)).toBe(isIP(text));
});

test('a zone is no part of an address', () => {
  expect(ipVersion('fe80::1%eth0')).toBe(0);
});

test('any text of the characters that addresses have', () => {
  const letters = '0123456789abcdefABCDEF::::::....';
  let seed = 20;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * below);
  };
  for (let round = 0; round < 50_000; round += 1) {
    const text = Array.from({ length: 1 + random(16) }, () => letters[random(letters.length)]).join('');
    expect([text, ipVersion(text)]).toEqual([text, isIP(text)]);
  }
});
