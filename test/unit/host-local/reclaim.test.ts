import { mkdirSync, readdirSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Owner } from '../../../ipam/host-local/entry.ts';
import { collectGarbage, reclaimAfterReboot } from '../../../ipam/host-local/reclaim.ts';
import { beginReservation } from '../../../ipam/host-local/reserve.ts';
import { keyOf, type Store } from '../../../ipam/host-local/store.ts';
import { a, b, createMachine, createSandbox } from './support.ts';

const always = { onReboot: true, foreign: false };

async function reserve(store: Store, owner: Owner, ...addresses: readonly string[]): Promise<void> {
  const reservation = await beginReservation(store, owner);
  for (const address of addresses) reservation.reserve(address);
  reservation.commit();
}

describe('after a reboot', () => {
  test('reservations of an earlier boot are taken back, once', async () => {
    const { store, machine, reservations, indexFiles } = createSandbox();
    expect(await reclaimAfterReboot(store, always)).toMatchObject({ released: [] });
    await reserve(store, a, '10.0.0.2', 'fd00::2');
    expect(await reclaimAfterReboot(store, always)).toBeUndefined();
    machine.reboot();
    expect(await reclaimAfterReboot(store, always)).toEqual({
      released: ['10.0.0.2', 'fd00::2'],
      isComplete: true,
      errors: [],
    });
    expect(reservations()).toEqual({});
    expect(indexFiles()).toEqual([]);
    const { locked } = machine;
    expect(await reclaimAfterReboot(store, always)).toBeUndefined();
    expect(machine.locked).toBe(locked);
  });

  test('reservations of this boot stay', async () => {
    const { store, machine, reservations } = createSandbox();
    machine.reboot();
    await reserve(store, a, '10.0.0.2');
    expect(await reclaimAfterReboot(store, always)).toMatchObject({ released: [] });
    expect(reservations()).toEqual({ '10.0.0.2': 'aaa\r\neth0' });
  });

  test('reservations of another machine stay, and so do the peer’s and an address that was given anew', async () => {
    const { store, storeOf, machine, write, reservations } = createSandbox();
    await reserve(storeOf(createMachine('machine-b')), b, '10.0.0.3');
    await reserve(store, a, '10.0.0.2');
    write('10.0.0.2', 'ccc\r\neth0');
    write('10.0.0.4', 'ddd\r\neth0');
    write('10.0.0.5', 'eee');
    // Of the same attachment, but not in its entry: the peer has made it.
    write('10.0.0.6', 'aaa\r\neth0');
    machine.reboot();
    await reclaimAfterReboot(store, always);
    expect(Object.keys(reservations())).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6']);
  });

  test('each machine takes back its own', async () => {
    const { store, storeOf, machine, reservations } = createSandbox();
    const other = createMachine('machine-b');
    await reserve(store, a, '10.0.0.2');
    await reserve(storeOf(other), b, '10.0.0.3');
    machine.reboot();
    other.reboot();
    await reclaimAfterReboot(storeOf(other), always);
    expect(reservations()).toEqual({ '10.0.0.2': 'aaa\r\neth0' });
    await reclaimAfterReboot(store, always);
    expect(reservations()).toEqual({});
  });

  test.each(['', '\0\0\0\0', ' \n'])('a reservation without content (%j) blocks no address', async (torn) => {
    const { store, write, reservations } = createSandbox();
    write('10.0.0.2', torn);
    write('last_reserved_ip.0', '');
    await reclaimAfterReboot(store, { onReboot: false, foreign: false });
    expect(reservations()).toEqual({});
    expect(statSync(join(store.folder, 'last_reserved_ip.0')).size).toBe(0);
  });

  test('a reservation whose index entry was torn is taken back', async () => {
    const { store, machine, reservations, indexFiles } = createSandbox();
    await reserve(store, a, '10.0.0.2');
    writeFileSync(join(store.index, keyOf(a)), '');
    machine.reboot();
    await reclaimAfterReboot(store, always);
    expect(reservations()).toEqual({});
    expect(indexFiles()).toEqual([]);
  });

  test('nothing is taken back where the config says so, until it no longer does', async () => {
    const { store, machine, reservations } = createSandbox();
    await reserve(store, a, '10.0.0.2');
    machine.reboot();
    expect(await reclaimAfterReboot(store, { onReboot: false, foreign: false })).toMatchObject({
      released: [],
    });
    expect(await reclaimAfterReboot(store, { onReboot: false, foreign: false })).toBeUndefined();
    expect(reservations()).toEqual({ '10.0.0.2': 'aaa\r\neth0' });
    await reclaimAfterReboot(store, always);
    expect(reservations()).toEqual({});
  });

  test('the peer’s are taken back with reclaimForeign, if they are older than this boot', async () => {
    const { store, write, reservations } = createSandbox();
    write('10.0.0.2', 'old\r\neth0');
    write('10.0.0.3', 'live\r\neth0');
    write('10.0.0.4', 'older');
    const yesterday = Date.now() / 1000 - 86_400;
    for (const name of ['10.0.0.2', '10.0.0.4']) utimesSync(join(store.folder, name), yesterday, yesterday);
    await reclaimAfterReboot(store, { onReboot: true, foreign: true });
    expect(reservations()).toEqual({ '10.0.0.3': 'live\r\neth0' });
  });

  test('files on their way, left by a killed ADD of an earlier boot, go', async () => {
    const { store, machine, indexFiles } = createSandbox();
    const reservation = await beginReservation(store, a);
    reservation.reserve('10.0.0.2');
    expect(readdirSync(store.temporary)).toHaveLength(1);
    await reclaimAfterReboot(store, always);
    expect(readdirSync(store.temporary)).toHaveLength(1);
    machine.reboot();
    await reclaimAfterReboot(store, always);
    expect(indexFiles()).toEqual([]);
  });

  test('very many are taken back by several calls', async () => {
    const { store, machine, reservations, indexFiles } = createSandbox();
    for (let host = 0; host < 1500; host += 1) {
      await reserve(store, { containerId: `c${host}`, ifname: 'eth0' }, `10.0.${host >> 8}.${host & 255}`);
    }
    machine.reboot();
    const hurried = { ...always, patience: 0 };
    const counts: number[] = [];
    for (
      let swept = await reclaimAfterReboot(store, hurried);
      swept;
      swept = await reclaimAfterReboot(store, hurried)
    ) {
      counts.push(swept.released.length);
    }
    // 1,500 reservations, then as many entries, at most 1,000 a call.
    expect(counts).toEqual([1000, 500, 0]);
    expect(reservations()).toEqual({});
    expect(indexFiles()).toEqual([]);
  });

  test('is done once where many ADDs come at once', async () => {
    const { store, machine } = createSandbox();
    await reserve(store, a, '10.0.0.2');
    machine.reboot();
    const all = await Promise.all(Array.from({ length: 10 }, () => reclaimAfterReboot(store, always)));
    expect(all.filter((swept) => swept !== undefined)).toMatchObject([{ released: ['10.0.0.2'] }]);
  });
});

describe('GC', () => {
  test('releases what is not valid, whoever made it', async () => {
    const { store, write, reservations, indexFiles } = createSandbox();
    await reserve(store, a, '10.0.0.2', 'fd00::2');
    await reserve(store, b, '10.0.0.3');
    await reserve(store, { ...b, ifname: 'eth1' }, '10.0.0.4');
    write('10.0.0.5', 'peer\r\neth0');
    write('10.0.0.6', 'bbb');
    write('10.0.0.7', 'old');
    write('10.0.0.8', '');
    expect((await collectGarbage(store, [b])).toSorted()).toEqual([
      '10.0.0.2',
      '10.0.0.4',
      '10.0.0.5',
      '10.0.0.7',
      '10.0.0.8',
      'fd00::2',
    ]);
    expect(reservations()).toEqual({ '10.0.0.3': 'bbb\r\neth0', '10.0.0.6': 'bbb' });
    expect(indexFiles()).toEqual([`net/${keyOf(b)}`]);
  });

  test('with an empty list leaves nothing that names a container', async () => {
    const { store, reservations, indexFiles } = createSandbox();
    await reserve(store, a, '10.0.0.2');
    const killed = await beginReservation(store, b);
    killed.reserve('10.0.0.3');
    expect(await collectGarbage(store, [])).toEqual(['10.0.0.2', '10.0.0.3']);
    expect(reservations()).toEqual({});
    expect(indexFiles()).toEqual([]);
    expect(readdirSync(store.folder).filter((name) => name !== 'lock')).toEqual([]);
  });

  test('leaves other networks and other machines alone', async () => {
    const { store, storeOf, machine, reservations, indexFiles } = createSandbox();
    const elsewhere = storeOf(machine, { network: 'other' });
    await reserve(elsewhere, a, '10.0.0.2');
    await reserve(storeOf(createMachine('machine-b')), b, '10.0.0.3');
    expect(await collectGarbage(store, [])).toEqual([]);
    expect(reservations()).toEqual({ '10.0.0.3': 'bbb\r\neth0' });
    expect(indexFiles().toSorted()).toEqual([`net/${keyOf(b)}`, `other/${keyOf(a)}`].toSorted());
  });

  test('removes index entries that stand for nothing', async () => {
    const { store, indexFiles } = createSandbox();
    await reserve(store, a, '10.0.0.2');
    unlinkSync(join(store.folder, '10.0.0.2'));
    writeFileSync(join(store.index, keyOf(b)), '');
    await collectGarbage(store, [a, b]);
    expect(indexFiles()).toEqual([]);
  });

  test('leaves the file of an ADD that is under way, where the attachment is valid', async () => {
    const { store, reservations } = createSandbox();
    const underWay = await beginReservation(store, a);
    underWay.reserve('10.0.0.2');
    const killed = await beginReservation(store, b);
    killed.reserve('10.0.0.3');
    await collectGarbage(store, [a]);
    expect(readdirSync(store.temporary)).toHaveLength(1);
    underWay.reserve('10.0.0.4');
    underWay.commit();
    expect(Object.keys(reservations())).toEqual(['10.0.0.2', '10.0.0.4']);
  });

  test('where there is nothing is no error, and makes nothing', async () => {
    const { store, machine, dataDir } = createSandbox();
    expect(await collectGarbage(store, [])).toEqual([]);
    expect(machine.locked).toBe(0);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  test('leaves what is no file', async () => {
    const { store, write, reservations } = createSandbox();
    write('10.0.0.2', 'old\r\neth0');
    mkdirSync(join(store.folder, '10.0.0.3'));
    expect(await collectGarbage(store, [])).toEqual(['10.0.0.2']);
    expect(reservations()).toEqual({ '10.0.0.3': '<no file>' });
  });
});
