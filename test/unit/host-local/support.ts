/** A store in a folder of its own, on a made-up machine, and a look at what is in it. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openStore, type Store, type StoreEnv } from '../../../ipam/host-local/store.ts';

/** A machine: two of them can share a data directory, and a reboot gives it another boot id. */
export interface Machine extends StoreEnv {
  reboot(): void;
  /** How often the lock has been taken. */
  readonly locked: number;
}

const holders = new Map<string, Promise<void>>();

/** Stands for flock(2) within this process. */
async function mutex(path: string): Promise<Disposable> {
  if (!existsSync(join(path, '..'))) throw new Error(`${path}: no folder to lock in`);
  const before = holders.get(path) ?? Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  holders.set(path, promise);
  await before;
  return { [Symbol.dispose]: resolve };
}

export function createMachine(name = 'machine-a'): Machine {
  let boot = 1;
  let locked = 0;
  return {
    machineId: () => name,
    bootId: () => `boot-${boot}`,
    bootTime: () => Date.now() - 1000,
    lock(path) {
      locked += 1;
      return mutex(path);
    },
    reboot() {
      boot += 1;
    },
    get locked() {
      return locked;
    },
  };
}

export interface Sandbox {
  readonly dataDir: string;
  readonly machine: Machine;
  readonly store: Store;
  /** The same folder as another machine sees it, or in another way. */
  storeOf(machine: Machine, options?: { readonly durable?: boolean; readonly network?: string }): Store;
  /** Writes a file of the network's folder, as the peer does. */
  write(name: string, content: string): void;
  /** Files of the network's folder and their contents, without the lock and the last addresses. */
  reservations(): Readonly<Record<string, string>>;
  /** Files in .plumbline, without the marks of boots. */
  indexFiles(): readonly string[];
}

export function createSandbox(): Sandbox {
  const dataDir = mkdtempSync(join(tmpdir(), 'plumbline-store-'));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const machine = createMachine();
  const storeOf: Sandbox['storeOf'] = (env, { durable = false, network = 'net' } = {}) =>
    openStore(env, { dataDir, network, durable });
  const folder = join(dataDir, 'net');
  return {
    dataDir,
    machine,
    storeOf,
    store: storeOf(machine),
    write(name, content) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, name), content);
    },
    reservations() {
      const names = existsSync(folder) ? readdirSync(folder) : [];
      const kept = names.filter((name) => name !== 'lock' && !name.startsWith('last_reserved_ip.'));
      return Object.fromEntries(kept.map((name) => [name, contentOf(join(folder, name))]));
    },
    indexFiles() {
      const index = join(dataDir, '.plumbline');
      if (!existsSync(index)) return [];
      return readdirSync(index, { recursive: true, encoding: 'utf8' }).filter(
        (name) => statSync(join(index, name)).isFile() && !/\/boot\.[^/]*$/.test(name),
      );
    },
  };
}

function contentOf(path: string): string {
  return statSync(path).isFile() ? readFileSync(path, 'utf8') : '<no file>';
}

export const a = { containerId: 'aaa', ifname: 'eth0' };
export const b = { containerId: 'bbb', ifname: 'eth0' };
