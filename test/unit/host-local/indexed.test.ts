/** What a DEL without an index entry reads: all reservations, unless it is known that each has an entry. */
import { existsSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Owner } from '../../../ipam/host-local/entry.ts';
import { isAllIndexed } from '../../../ipam/host-local/indexed.ts';
import { release } from '../../../ipam/host-local/release.ts';
import { beginReservation } from '../../../ipam/host-local/reserve.ts';
import type { Store } from '../../../ipam/host-local/store.ts';
import { a, b, createSandbox, type Sandbox } from './support.ts';

const late = { containerId: 'late', ifname: 'eth0' };

async function reserve(store: Store, owner: Owner, address: string): Promise<void> {
  const reservation = await beginReservation(store, owner);
  reservation.reserve(address);
  reservation.noteLast(0, address);
  reservation.commit();
}

/** As the reference reserves: first the reservation, then the last address, in place. */
function reserveAsPeer({ write }: Sandbox, address: string, content: string): void {
  write(address, content);
  write('last_reserved_ip.0', address);
}

async function withOwn(): Promise<Sandbox> {
  const sandbox = createSandbox();
  await reserve(sandbox.store, a, '10.0.0.2');
  return sandbox;
}

test('once each has been seen to have an entry, none is read again', async () => {
  const sandbox = await withOwn();
  const { store } = sandbox;
  expect(isAllIndexed(store)).toBe(false);
  expect(await release(store, late)).toEqual([]);
  expect(isAllIndexed(store)).toBe(true);
  // Found if it were looked for.
  sandbox.write('10.0.0.9', 'late\r\neth0');
  expect(await release(store, late)).toEqual([]);
  // Those with an entry are found by it, whatever is noted.
  expect(await release(store, a)).toEqual(['10.0.0.2']);
});

test('our own reservations change nothing in it', async () => {
  const { store } = await withOwn();
  await release(store, late);
  await reserve(store, b, '10.0.0.3');
  expect(isAllIndexed(store)).toBe(true);
  expect(await release(store, b)).toEqual(['10.0.0.3']);
});

test('one reservation of the reference, and all are read again', async () => {
  const sandbox = await withOwn();
  await release(sandbox.store, late);
  reserveAsPeer(sandbox, '10.0.0.9', 'late\r\neth0');
  expect(isAllIndexed(sandbox.store)).toBe(false);
  expect(await release(sandbox.store, late)).toEqual(['10.0.0.9']);
});

test('also where we have reserved after it', async () => {
  const sandbox = await withOwn();
  const { store } = sandbox;
  await release(store, late);
  reserveAsPeer(sandbox, '10.0.0.9', 'late\r\neth0');
  await reserve(store, b, '10.0.0.10');
  expect(isAllIndexed(store)).toBe(false);
  expect(await release(store, late)).toEqual(['10.0.0.9']);
  await release(store, late);
  expect(isAllIndexed(store)).toBe(true);
});

test.each(['bbb\r\neth0', 'bbb', ''])('nothing is noted beside one without an entry: %j', async (content) => {
  const sandbox = await withOwn();
  sandbox.write('10.0.0.3', content);
  await release(sandbox.store, late);
  expect(isAllIndexed(sandbox.store)).toBe(false);
  expect(await release(sandbox.store, b)).toEqual(content === '' ? [] : ['10.0.0.3']);
});

test('without a folder for the note, a DEL does its work', async () => {
  const sandbox = createSandbox();
  reserveAsPeer(sandbox, '10.0.0.3', 'bbb\r\neth0');
  utimesSync(join(sandbox.store.folder, 'last_reserved_ip.0'), 1, 1);
  expect(await release(sandbox.store, b)).toEqual(['10.0.0.3']);
  expect(existsSync(sandbox.store.index)).toBe(false);
});
