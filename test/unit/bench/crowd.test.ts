import { expect, test } from 'vitest';
import { idOf, referenceRules, templateIn } from '../../bench/crowd.ts';

const saved = `*nat
:POSTROUTING ACCEPT [0:0]
:CNI-4865bac4f8b99d3d1463eb30 - [0:0]
-A POSTROUTING -s 10.7.0.2/32 -m comment --comment "name: \\"n1\\" id: \\"abcdef\\"" -j CNI-4865bac4f8b99d3d1463eb30
-A CNI-4865bac4f8b99d3d1463eb30 -d 10.7.0.0/16 -m comment --comment "name: \\"n1\\" id: \\"abcdef\\"" -j ACCEPT
-A CNI-4865bac4f8b99d3d1463eb30 ! -d 224.0.0.0/4 -m comment --comment "name: \\"n1\\" id: \\"abcdef\\"" -j MASQUERADE
COMMIT
`;

test('what the reference makes for one container is made for others', () => {
  const template = templateIn(saved);
  expect(template).toMatchObject({ chain: 'CNI-4865bac4f8b99d3d1463eb30', address: '10.7.0.2' });
  expect(template.rules).toHaveLength(3);
  const lines = referenceRules(template, [1, 2], (number) => `10.7.9.${number}`).split('\n');
  const chain = 'CNI-000000000000000000000002';
  expect(lines).toContain(`:${chain} - [0:0]`);
  expect(lines.filter((line) => line.startsWith('-A '))).toHaveLength(6);
  expect(
    lines.filter((line) => line.includes(' -s 10.7.9.2/32 ') && line.endsWith(`-j ${chain}`)),
  ).toHaveLength(1);
  // The subnet and the multicast addresses are everybody's.
  expect(lines.filter((line) => line.includes(' -d 10.7.0.0/16 '))).toHaveLength(2);
  expect(lines.join('\n')).not.toContain('abcdef');
});

test('without any there is nothing to go by', () => {
  expect(() => templateIn('*nat\nCOMMIT\n')).toThrow('no masquerading of the reference');
});

test('no two made-up containers are the same', () => {
  const ids = Array.from({ length: 5_000 }, (_, number) => idOf(number));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.every((id) => /^[0-9a-f]{64}$/.test(id))).toBe(true);
});
