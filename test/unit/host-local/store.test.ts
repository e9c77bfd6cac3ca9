import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Owner } from '../../../ipam/host-local/entry.ts';
import { onDisk } from '../../../ipam/host-local/files.ts';
import { heldAddresses, isHeldBy, release } from '../../../ipam/host-local/release.ts';
import { beginReservation } from '../../../ipam/host-local/reserve.ts';
import { keyOf, lastReserved, openStore, reservedNames, type Store } from '../../../ipam/host-local/store.ts';
import { formatAddress } from '../../../lib/net/address.ts';
import { a, b, createMachine, createSandbox } from './support.ts';

async function reserve(
  store: Store,
  owner: Owner,
  ...addresses: readonly string[]
): Promise<readonly boolean[]> {
  const reservation = await beginReservation(store, owner);
  const given = addresses.map((address) => reservation.reserve(address));
  reservation.commit();
  return given;
}

const entryPath = (store: Store, owner: Owner): string => join(store.index, keyOf(owner));

describe('a reservation', () => {
  test('is on disk as the peer writes it, and in the index', async () => {
    const { store, reservations, indexFiles } = createSandbox();
    expect(await reserve(store, a, '10.0.0.2', 'fd00::2')).toEqual([true, true]);
    expect(reservations()).toEqual({ '10.0.0.2': 'aaa\r\neth0', 'fd00::2': 'aaa\r\neth0' });
    expect(statSync(join(store.folder, '10.0.0.2')).mode & 0o777).toBe(0o644);
    expect(indexFiles()).toEqual([`net/${keyOf(a)}`]);
    expect(readFileSync(entryPath(store, a), 'utf8')).toBe(
      'plumbline-index 1\nmachine machine-a\nboot boot-1\ncontainer aaa\ninterface eth0\naddress 10.0.0.2\naddress fd00::2\n',
    );
  });

  test('is refused where the address is taken, by whomever', async () => {
    const { store, write, reservations } = createSandbox();
    write('10.0.0.3', 'peer\r\neth0');
    await reserve(store, a, '10.0.0.2');
    expect(await reserve(store, b, '10.0.0.2', '10.0.0.3', '10.0.0.4')).toEqual([false, false, true]);
    expect(reservations()).toEqual({
      '10.0.0.2': 'aaa\r\neth0',
      '10.0.0.3': 'peer\r\neth0',
      '10.0.0.4': 'bbb\r\neth0',
    });
  });

  test('takes no lock', async () => {
    const { store, machine } = createSandbox();
    await reserve(store, a, '10.0.0.2');
    expect(machine.locked).toBe(0);
  });

  test('is in the index before it is reserved', async () => {
    const { store, write } = createSandbox();
    write('10.0.0.2', 'peer\r\neth0');
    const reservation = await beginReservation(store, a);
    reservation.reserve('10.0.0.2');
    expect(readFileSync(entryPath(store, a), 'utf8')).toContain('\naddress 10.0.0.2\n');
    await reservation.undo();
  });

  test('outlasts a loss of power where that is asked for', async () => {
    const { storeOf, machine, reservations, indexFiles } = createSandbox();
    expect(await reserve(storeOf(machine, { durable: true }), a, '10.0.0.2')).toEqual([true]);
    expect(reservations()).toEqual({ '10.0.0.2': 'aaa\r\neth0' });
    expect(indexFiles()).toHaveLength(1);
  });

  test('of one container is one for each interface', async () => {
    const { store, reservations } = createSandbox();
    await reserve(store, a, '10.0.0.2');
    await reserve(store, { ...a, ifname: 'eth1' }, '10.0.0.3');
    await release(store, a);
    expect(reservations()).toEqual({ '10.0.0.3': 'aaa\r\neth1' });
  });

  test('brings back folders that somebody has deleted', async () => {
    const { store, reservations } = createSandbox();
    await reserve(store, a, '10.0.0.2');
    rmSync(store.folder, { recursive: true });
    rmSync(store.temporary, { recursive: true });
    await reserve(store, b, '10.0.0.2');
    expect(reservations()).toEqual({ '10.0.0.2': 'bbb\r\neth0' });
  });
});

describe('a second ADD', () => {
  test('is refused, and leaves the first one as it is', async () => {
    const { store, reservations, indexFiles } = createSandbox();
    await reserve(store, a, '10.0.0.2');
    await expect(beginReservation(store, a)).rejects.toMatchObject({
      code: 102,
      message: expect.stringMatching(/eth0 of container aaa already has 10\.0\.0\.2 in network net; DEL it/),
    });
    expect(reservations()).toEqual({ '10.0.0.2': 'aaa\r\neth0' });
    expect(indexFiles()).toHaveLength(1);
  });

  test('is fine where the peer has released the addresses of the first one', async () => {
    const { store, reservations } = createSandbox();
    await reserve(store, a, '10.0.0.2');
    unlinkSync(join(store.folder, '10.0.0.2'));
    await reserve(store, b, '10.0.0.2');
    expect(await reserve(store, a, '10.0.0.3')).toEqual([true]);
    await release(store, a);
    expect(reservations()).toEqual({ '10.0.0.2': 'bbb\r\neth0' });
  });

  test('is fine after one that was killed before it reserved anything', async () => {
    const { store, indexFiles } = createSandbox();
    await beginReservation(store, a);
    expect(await reserve(store, a, '10.0.0.2')).toEqual([true]);
    expect(indexFiles()).toHaveLength(1);
  });

  test('while the first is under way makes one of them fail, and no address is lost', async () => {
    const { store, reservations } = createSandbox();
    const first = await beginReservation(store, a);
    const second = await beginReservation(store, a);
    first.reserve('10.0.0.2');
    second.reserve('10.0.0.3');
    expect(() => first.commit()).toThrow(/came during its ADD/);
    await first.undo();
    second.commit();
    expect(reservations()).toEqual({ '10.0.0.3': 'aaa\r\neth0' });
    await release(store, a);
    expect(reservations()).toEqual({});
  });

  test.each(['', 'plumbline-index 1\nmachine mach', '\0\0\0\0\0\0\0\0', 'plumbline-index 9\n'])(
    'finds the first one by its reservation where the entry is torn: %j',
    async (torn) => {
      const { store, reservations } = createSandbox();
      await reserve(store, a, '10.0.0.2');
      writeFileSync(entryPath(store, a), torn);
      await expect(beginReservation(store, a)).rejects.toMatchObject({ code: 102 });
      unlinkSync(join(store.folder, '10.0.0.2'));
      expect(await reserve(store, a, '10.0.0.3')).toEqual([true]);
      await release(store, a);
      expect(reservations()).toEqual({});
    },
  );
});

describe('undo', () => {
  test('gives back what this call has reserved, and nothing else', async () => {
    const { store, write, reservations, indexFiles } = createSandbox();
    // The peer has given this very attachment an address before.
    write('10.0.0.9', 'aaa\r\neth0');
    const reservation = await beginReservation(store, a);
    reservation.reserve('10.0.0.2');
    reservation.reserve('10.0.0.9');
    await reservation.undo();
    expect(reservations()).toEqual({ '10.0.0.9': 'aaa\r\neth0' });
    expect(indexFiles()).toEqual([]);
  });

  test('without the lock leaves the reservation to DEL', async () => {
    const { store, storeOf, reservations, indexFiles } = createSandbox();
    const lock = (): never => {
      throw new Error('no flock here');
    };
    const reservation = await beginReservation(storeOf({ ...createMachine(), lock }), a);
    reservation.reserve('10.0.0.2');
    await expect(reservation.undo()).rejects.toThrow('no flock');
    expect(reservations()).toEqual({ '10.0.0.2': 'aaa\r\neth0' });
    await release(store, a);
    expect(reservations()).toEqual({});
    expect(indexFiles()).toEqual([]);
  });
});

describe('release', () => {
  test('of nothing is no error, takes no lock and makes no folder', async () => {
    const { store, machine, dataDir } = createSandbox();
    expect(await release(store, a)).toEqual([]);
    expect(machine.locked).toBe(0);
    expect(() => statSync(join(dataDir, 'net'))).toThrow('ENOENT');
  });

  test('twice is once, and the second takes no lock', async () => {
    const { store, machine, reservations, indexFiles } = createSandbox();
    await reserve(store, a, '10.0.0.2', 'fd00::2');
    await reserve(store, b, '10.0.0.3');
    expect(await release(store, a)).toEqual(['10.0.0.2', 'fd00::2']);
    expect(machine.locked).toBe(1);
    expect(await release(store, a)).toEqual([]);
    expect(machine.locked).toBe(1);
    expect(reservations()).toEqual({ '10.0.0.3': 'bbb\r\neth0' });
    expect(indexFiles()).toEqual([`net/${keyOf(b)}`]);
  });

  test('leaves an address that somebody else has by now', async () => {
    const { store, reservations } = createSandbox();
    await reserve(store, a, '10.0.0.2');
    unlinkSync(join(store.folder, '10.0.0.2'));
    await reserve(store, b, '10.0.0.2');
    expect(await release(store, a)).toEqual([]);
    expect(reservations()).toEqual({ '10.0.0.2': 'bbb\r\neth0' });
  });

  test.each([
    ['the peer’s', 'aaa\r\neth0'],
    ['an old peer’s', 'aaa'],
    ['one with white space around', ' aaa\r\neth0\n'],
  ])('finds %s reservation without the index', async (_, content) => {
    const { store, write, reservations } = createSandbox();
    write('10.0.0.2', content);
    write('10.0.0.3', 'bbb\r\neth0');
    write('10.0.0.4', 'aaa\r\neth1');
    write('10.0.0.5', 'aaaa');
    expect(await release(store, a)).toEqual(['10.0.0.2']);
    expect(Object.keys(reservations())).toEqual(['10.0.0.3', '10.0.0.4', '10.0.0.5']);
  });

  test('takes an old peer’s reservation only where there is none with the interface', async () => {
    const { store, write, reservations } = createSandbox();
    write('10.0.0.2', 'aaa\r\neth0');
    write('10.0.0.3', 'aaa');
    await release(store, a);
    expect(reservations()).toEqual({ '10.0.0.3': 'aaa' });
  });

  test('falls back to the reservations where the index entry is torn', async () => {
    const { store, reservations, indexFiles } = createSandbox();
    await reserve(store, a, '10.0.0.2');
    writeFileSync(entryPath(store, a), '');
    expect(await release(store, a)).toEqual(['10.0.0.2']);
    expect(reservations()).toEqual({});
    expect(indexFiles()).toEqual([]);
  });

  test('leaves nothing of an ADD that was killed at any moment', async () => {
    for (const moment of [0, 1, 2]) {
      const { store, reservations, indexFiles } = createSandbox();
      const reservation = await beginReservation(store, a);
      for (const address of ['10.0.0.2', '10.0.0.3'].slice(0, moment)) reservation.reserve(address);
      await release(store, a);
      expect([moment, reservations(), indexFiles()]).toEqual([moment, {}, []]);
    }
  });

  test('of an ADD that is still under way makes it fail, and leaves nothing', async () => {
    const { store, reservations, indexFiles } = createSandbox();
    const reservation = await beginReservation(store, a);
    await release(store, a);
    expect(reservation.reserve('10.0.0.2')).toBe(true);
    expect(() => reservation.commit()).toThrow(expect.objectContaining({ code: 11 }));
    await reservation.undo();
    expect(reservations()).toEqual({});
    expect(indexFiles()).toEqual([]);
  });

  test('is complete where an ADD has appended a line in the meantime', async () => {
    const { store, storeOf, machine, reservations } = createSandbox();
    await reserve(store, a, '10.0.0.2');
    // While DEL waits for the lock.
    const late = storeOf({
      ...machine,
      lock(path) {
        appendFileSync(entryPath(store, a), 'address 10.0.0.3\n');
        writeFileSync(join(store.folder, '10.0.0.3'), 'aaa\r\neth0');
        return machine.lock(path);
      },
    });
    expect(await release(late, a)).toEqual(['10.0.0.2', '10.0.0.3']);
    expect(reservations()).toEqual({});
  });

  test('by two at once, with somebody who reserves in between, takes nothing from that one', async () => {
    const { store, reservations } = createSandbox();
    for (let round = 0; round < 50; round += 1) {
      await reserve(store, a, '10.0.0.2');
      const third = async (): Promise<void> => {
        for (;;) {
          const reservation = await beginReservation(store, b);
          if (reservation.reserve('10.0.0.2')) return reservation.commit();
          await reservation.undo();
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      await Promise.all([release(store, a), third(), release(store, a)]);
      expect(reservations()).toEqual({ '10.0.0.2': 'bbb\r\neth0' });
      await release(store, b);
    }
  });

  test('cleans up the index where the network’s folder is gone', async () => {
    const { store, indexFiles } = createSandbox();
    await reserve(store, a, '10.0.0.2');
    rmSync(store.folder, { recursive: true });
    expect(await release(store, a)).toEqual([]);
    expect(indexFiles()).toEqual([]);
  });
});

describe('what else may lie in the folder', () => {
  test('is never an address, and stops nobody', async () => {
    const { store, write } = createSandbox();
    write('lock', '');
    write('last_reserved_ip.0', '10.0.0.7');
    write('10.0.0.8', 'ccc\r\neth0');
    mkdirSync(join(store.folder, '10.0.0.9'));
    execFileSync('mkfifo', [join(store.folder, '10.0.0.10')]);
    expect(reservedNames(store).toSorted()).toEqual(['10.0.0.10', '10.0.0.8', '10.0.0.9']);
    expect(await reserve(store, a, '10.0.0.8', '10.0.0.9', '10.0.0.10', '10.0.0.11')).toEqual([
      false,
      false,
      false,
      true,
    ]);
    writeFileSync(entryPath(store, a), '');
    expect(await release(store, a)).toEqual(['10.0.0.11']);
  });

  test.each([
    ['10.0.0.7', '10.0.0.7'],
    ['10.0.0.7\n', '10.0.0.7'],
    ['fd00::7', 'fd00::7'],
    ['', undefined],
    ['10.0.0', undefined],
    ['\0\0\0\0', undefined],
  ])('last address %j is %s', (content, expected) => {
    const { store, write } = createSandbox();
    write('last_reserved_ip.0', content);
    const last = lastReserved(store, 0);
    expect(last && formatAddress(last)).toBe(expected);
    expect(lastReserved(store, 1)).toBeUndefined();
  });
});

describe('who holds an address', () => {
  test('is told by the reservation, with or without the index', async () => {
    const { store, write } = createSandbox();
    await reserve(store, a, '10.0.0.2');
    write('10.0.0.3', 'bbb');
    expect(heldAddresses(store, a)).toEqual(['10.0.0.2']);
    expect(heldAddresses(store, b)).toEqual(['10.0.0.3']);
    expect(isHeldBy(store, a, '10.0.0.2')).toBe(true);
    expect(isHeldBy(store, b, '10.0.0.2')).toBe(false);
    expect(isHeldBy(store, b, '10.0.0.3')).toBe(true);
    expect(isHeldBy(store, a, '10.0.0.4')).toBe(false);
  });
});

describe('paths', () => {
  test.each(['', '.', '..', '.plumbline', '../x', 'a/b', 'a\0b'])('network %j is refused', (network) => {
    expect(() => openStore(createMachine(), { dataDir: '/tmp', network, durable: false })).toThrow(
      expect.objectContaining({ code: 7 }),
    );
  });

  test('a data directory that cannot be made is an error with the path and a remedy', async () => {
    const { dataDir, machine } = createSandbox();
    writeFileSync(join(dataDir, 'file'), '');
    const store = openStore(machine, {
      dataDir: join(dataDir, 'file/below'),
      network: 'net',
      durable: false,
    });
    await expect(onDisk(() => beginReservation(store, a))).rejects.toMatchObject({
      code: 5,
      message: expect.stringMatching(/file\/below.*is no folder: move it away, or set ipam\.dataDir/),
    });
  });
});
