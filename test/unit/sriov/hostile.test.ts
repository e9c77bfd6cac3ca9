/** Hostile input of sriov's own fields: an error of the protocol's, nothing sent to ip, nothing written down. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { badName, evilButNul, evilText, oddName } from '../../support/hostile/text.ts';
import { hostWithVfs, type MadeUpVfs, sriov, vfAddress } from './made-up.ts';

const anyEvil = fc.oneof(evilText, badName, oddName).filter((text) => text.trim() !== '');
const anyCommand = fc.constantFrom('ADD', 'STATUS');

/** Fields that a text of this kind makes a config with, beside what names a function otherwise. */
const fieldsOf: Readonly<Record<string, (text: string) => Readonly<Record<string, unknown>>>> = {
  deviceID: (text) => ({ deviceID: text }),
  'runtimeConfig.deviceID': (text) => ({ runtimeConfig: { deviceID: text } }),
  master: (text) => ({ master: text }),
  'a master by a path': (text) => ({ master: `../../devices/${text}` }),
  mac: (text) => ({ master: 'eth0', mac: text }),
  vlanProto: (text) => ({ master: 'eth0', vlan: 5, vlanProto: text }),
  link_state: (text) => ({ master: 'eth0', link_state: text }),
};

function expectUntouched(host: MadeUpVfs): void {
  expect(host.lines).toEqual([]);
  expect(existsSync(join(host.stateDir, 'sriov'))).toBe(false);
}

test.each(Object.keys(fieldsOf))('%s: any text that is none', async (field) => {
  await fc.assert(
    fc.asyncProperty(anyEvil, anyCommand, async (text, wanted) => {
      // No pod's runtimeConfig comes with STATUS.
      const command = field.startsWith('runtimeConfig') ? 'ADD' : wanted;
      using host = hostWithVfs(1);
      const { exitCode, error } = await sriov(host, command, fieldsOf[field]?.(text));
      expect(exitCode).toBe(1);
      expect([7, 50, 6]).toContain(error?.code);
      for (const character of '\n\u001b\0') expect(error?.msg).not.toContain(character);
      expectUntouched(host);
    }),
    { numRuns: 60 },
  );
});

test('MAC in CNI_ARGS: any text that is none', async () => {
  await fc.assert(
    fc.asyncProperty(evilButNul, async (text) => {
      using host = hostWithVfs(1);
      const { error } = await sriov(host, 'ADD', { master: 'eth0' }, { CNI_ARGS: `MAC=${text}` });
      expect([4, 7]).toContain(error?.code);
      expectUntouched(host);
    }),
    { numRuns: 60 },
  );
});

test('a result with another function’s address, or none at all, makes DEL touch nothing', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(anyEvil, fc.constant(vfAddress(0))), async (pciID) => {
      using host = hostWithVfs(1);
      const prevResult = { cniVersion: '1.1.0', interfaces: [{ name: 'net1', sandbox: '/x', pciID }] };
      const { exitCode } = await sriov(host, 'DEL', { master: 'eth0', prevResult });
      expect(exitCode).toBe(0);
      expect(host.lines.filter((line) => line.startsWith('link set'))).toEqual([]);
    }),
    { numRuns: 60 },
  );
});
