/** The executable for the other processor: built here, and started under QEMU. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { readMark } from '../../../cli/executable.ts';
import { crossRoot, findArch, nativeArch } from '../../../scripts/build/arch.ts';
import { chooseBlobMaker, describeBlob } from '../../../scripts/build/executable.ts';
import { repoRoot } from '../../support/index.ts';
import { describeUnless, missing } from './needs.ts';

const arch = findArch(nativeArch.oci === 'amd64' ? 'arm64' : 'amd64');
const emulator = `qemu-${arch.machine}`;
const libraries = crossRoot(arch);

const absent = [
  ...missing(emulator, 'apt-get install qemu-user'),
  ...missing(`${arch.machine}-linux-gnu-strip`, `apt-get install binutils-${arch.machine}-linux-gnu`),
  ...missing(`${libraries}/lib/libc.so.6`, `apt-get install libc6-${arch.oci}-cross`),
  ...missing(`${libraries}/lib/libstdc++.so.6`, `apt-get install libstdc++6-${arch.oci}-cross`),
];

describeUnless(absent, `make build ARCH=${arch.oci}`, () => {
  const out = mkdtempSync(join(tmpdir(), 'plumbline-arch-'));
  afterAll(() => rmSync(out, { recursive: true }));
  let said = '';
  beforeAll(() => {
    const args = ['scripts/build.ts', '--arch', arch.oci, '--out', out];
    said = execFileSync(join(repoRoot, 'node_modules/.bin/node'), args, { cwd: repoRoot, encoding: 'utf8' });
  }, 300_000);

  function run(
    name: string,
    args: readonly string[],
    input = '',
    env: Readonly<Record<string, string>> = {},
  ) {
    const program = join(out, name);
    // -0: an emulated program is told the name that it is called by, as a real one is.
    const { status, stdout, stderr } = spawnSync(
      emulator,
      ['-L', libraries, '-0', program, program, ...args],
      {
        encoding: 'utf8',
        env,
        input,
      },
    );
    return { status, stdout, stderr };
  }

  test('says how its blob was made', () => {
    expect(said).toBe(
      `${arch.oci}: with a startup snapshot, made by the ${arch.oci} Node under ${emulator}\n`,
    );
  });

  test('says so where there is no QEMU to make a snapshot', () => {
    vi.stubEnv('PATH', '/nonexistent');
    const maker = chooseBlobMaker(arch);
    vi.unstubAllEnvs();
    expect(maker).toMatchObject({ how: 'plain' });
    expect(describeBlob(arch, maker)).toContain(`${arch.oci}: WITHOUT a startup snapshot`);
    expect(describeBlob(arch, maker)).toContain('apt-get install qemu-user');
  });

  test('is a program of that processor, whole and marked', () => {
    const path = join(out, 'plumbline');
    // e_machine of the ELF header: EM_AARCH64 or EM_X86_64.
    expect(readFileSync(path).readUInt16LE(18)).toBe(arch.oci === 'arm64' ? 183 : 62);
    const { version } = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')) as {
      version: string;
    };
    expect(readMark(path)?.version).toBe(version);
  });

  test('starts, for people and for a runtime', () => {
    expect(run('plumbline', ['--version'])).toMatchObject({ status: 0, stderr: '' });
    const asked = run('host-local', [], '{"cniVersion":"1.1.0"}', { CNI_COMMAND: 'VERSION' });
    expect(asked).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(asked.stdout)).toMatchObject({ cniVersion: '1.1.0' });
  });

  test('reserves an address, and gives it back', () => {
    const config = {
      cniVersion: '1.0.0',
      name: 'emulated',
      type: 'veth-bridge',
      ipam: { type: 'host-local', dataDir: join(out, 'data'), ranges: [[{ subnet: '10.9.0.0/24' }]] },
    };
    const env = { CNI_CONTAINERID: 'c1', CNI_NETNS: '/nowhere', CNI_IFNAME: 'eth0', CNI_PATH: out };
    const call = (command: string) =>
      run('host-local', [], JSON.stringify(config), {
        ...env,
        CNI_COMMAND: command,
        PATH: process.env['PATH'] ?? '',
      });
    const added = call('ADD');
    expect(added).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(added.stdout)).toMatchObject({ ips: [{ address: '10.9.0.2/24' }] });
    expect(call('DEL')).toEqual({ status: 0, stdout: '', stderr: '' });
  });
});
