import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAddressLine, formatEntry, parseEntry } from '../../../ipam/host-local/entry.ts';

const anyWord = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/);
const anyEntry = fc.record({
  machine: anyWord,
  boot: anyWord,
  containerId: anyWord,
  ifname: anyWord,
  addresses: fc.uniqueArray(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 4 }),
});

test('an entry reads back as it was written', () => {
  fc.assert(
    fc.property(anyEntry, (entry) => {
      expect(parseEntry(formatEntry(entry))).toEqual(entry);
    }),
  );
});

test('an entry that was cut off lacks at most the last address, or is torn', () => {
  fc.assert(
    fc.property(anyEntry, fc.nat(), (entry, at) => {
      const text = formatEntry(entry);
      const cut = parseEntry(text.slice(0, at % text.length));
      if (cut === undefined) return;
      const { addresses, ...head } = cut;
      expect(entry).toMatchObject(head);
      expect(addresses).toEqual(entry.addresses.slice(0, addresses.length));
    }),
  );
});

test('nothing but an entry is one', () => {
  fc.assert(fc.property(fc.string(), (text) => parseEntry(text) === undefined));
  expect(parseEntry('')).toBeUndefined();
  expect(parseEntry('\0'.repeat(200))).toBeUndefined();
});

test('addresses can be appended', () => {
  const entry = { machine: 'm', boot: 'b', containerId: 'c', ifname: 'i', addresses: ['10.0.0.2'] };
  const text = formatEntry(entry) + formatAddressLine('fd00::2') + formatAddressLine('10.0.0.2');
  expect(parseEntry(text)?.addresses).toEqual(['10.0.0.2', 'fd00::2']);
});
