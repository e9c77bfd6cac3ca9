/** What install and uninstall do to a folder; with small stand-ins for the executable, since only its mark counts. */
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EXECUTABLES, formatMark, readMark } from '../../../cli/executable.ts';
import { install as installIn } from '../../../cli/install.ts';
import { uninstall as uninstallFrom } from '../../../cli/uninstall.ts';

let root = '';
let binDir = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'plumbline-install-'));
  binDir = join(root, 'bin');
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(root, { recursive: true });
});

/** A file with the mark of an executable of ours. */
function executable(version: string, content = version): string {
  const path = join(root, `executable-${version}`);
  writeFileSync(path, content + formatMark({ version, digest: 'a1'.repeat(32) }), { mode: 0o755 });
  return path;
}

type Lines = Readonly<Record<string, string>>;

function install(
  options: { version?: string; source?: string; force?: boolean; asBridge?: boolean } = {},
): Lines {
  const { version = '1.0.0', force = false, asBridge = false } = options;
  const source = options.source ?? executable(version);
  return lines(installIn({ source, binDir, force, asBridge }));
}

const uninstall = (): Lines => lines(uninstallFrom(binDir));

/** The report, by the names below binDir. */
function lines(changes: readonly { path: string; what: string }[]): Lines {
  return Object.fromEntries(changes.map(({ path, what }) => [path.slice(binDir.length + 1), what]));
}

const all = (what: string, names: readonly string[] = EXECUTABLES): Lines =>
  Object.fromEntries(names.map((name) => [name, what]));

const at = (name: string): string => join(binDir, name);
const inode = (name: string): number => lstatSync(at(name)).ino;
const inodes = (): number[] => [...new Set(EXECUTABLES.map(inode))];
const files = (): string[] => readdirSync(binDir).sort();

function foreign(name: string, content = `the reference's ${name}`): void {
  mkdirSync(binDir, { recursive: true });
  writeFileSync(at(name), content);
}

describe('install', () => {
  test('makes the folder and one file of many names', () => {
    const umask = process.umask(0o077);
    try {
      expect(install()).toEqual(all('installed 1.0.0'));
    } finally {
      process.umask(umask);
    }
    expect(files()).toEqual([...EXECUTABLES].sort());
    expect(inodes()).toHaveLength(1);
    expect(statSync(at('plumbline')).mode & 0o777).toBe(0o755);
    expect(readFileSync(at('ovs'))).toEqual(readFileSync(executable('1.0.0')));
  });

  test('changes nothing a second time, and says so', () => {
    install();
    const before = inode('plumbline');
    expect(install()).toEqual(all('1.0.0 is there already'));
    expect(inodes()).toEqual([before]);
    expect(files()).toEqual([...EXECUTABLES].sort());
  });

  test('run from the very place it installs to, changes nothing', () => {
    install();
    expect(install({ source: at('plumbline') })).toEqual(all('1.0.0 is there already'));
  });

  test('takes the place of another version, the older one too', () => {
    install({ version: '2.0.0' });
    expect(install({ version: '1.0.0' })).toEqual(all('updated to 1.0.0'));
    expect(inodes()).toHaveLength(1);
    expect(readMark(at('sriov'))?.version).toBe('1.0.0');
  });

  test('gives back what is missing, without a second copy', () => {
    install();
    const before = inode('plumbline');
    rmSync(at('macvlan'));
    expect(install()).toEqual({ ...all('1.0.0 is there already'), macvlan: 'installed 1.0.0' });
    expect(inodes()).toEqual([before]);
  });

  test('makes one file of copies', () => {
    install();
    const content = readFileSync(at('ovs'));
    rmSync(at('ovs'));
    writeFileSync(at('ovs'), content);
    expect(install()).toEqual({ ...all('1.0.0 is there already'), ovs: 'updated to 1.0.0' });
    expect(inodes()).toHaveLength(1);
  });

  test('replaces a file whose mark is right and whose content is not', () => {
    install();
    const content = readFileSync(at('plumbline'));
    writeFileSync(at('plumbline'), Buffer.concat([Buffer.from('?'), content.subarray(1)]));
    expect(install()).toEqual(all('updated to 1.0.0'));
    expect(readFileSync(at('plumbline'))).toEqual(content);
  });

  test('replaces a file that nobody may run', () => {
    install();
    chmodSync(at('plumbline'), 0o600);
    expect(install()).toEqual(all('updated to 1.0.0'));
    expect(statSync(at('ovs')).mode & 0o777).toBe(0o755);
  });

  test('takes the name bridge where it is asked to, and keeps it up to date from then on', () => {
    expect(install({ asBridge: true })).toEqual(all('installed 1.0.0', [...EXECUTABLES, 'bridge']));
    expect(inode('bridge')).toBe(inode('plumbline'));
    expect(install({ version: '2.0.0' })).toEqual(all('updated to 2.0.0', [...EXECUTABLES, 'bridge']));
    expect(inode('bridge')).toBe(inode('plumbline'));
  });

  test("leaves the reference's bridge alone where it is not asked to take its name", () => {
    foreign('bridge');
    expect(install()).toEqual(all('installed 1.0.0'));
    expect(readFileSync(at('bridge'), 'utf8')).toBe("the reference's bridge");
    expect(() => install({ asBridge: true })).toThrow(`${at('bridge')} is not plumbline's`);
  });

  test('refuses to replace what is not ours: names all of it and the remedy, and changes nothing', () => {
    foreign('macvlan');
    foreign('host-local');
    expect(install).toThrow(
      `${at('macvlan')} is not plumbline's\n${at('host-local')} is not plumbline's\n` +
        'nothing was changed; --force replaces them, and keeps each as NAME.plumbline-backup',
    );
    expect(files()).toEqual(['host-local', 'macvlan']);
  });

  test.each([
    ['an empty file', (path: string) => writeFileSync(path, '')],
    [
      'a script that mentions us',
      (path: string) => writeFileSync(path, '#!/bin/sh\nexec plumbline-executable\n'),
    ],
    [
      'a copy of ours that was cut short',
      (path: string) => writeFileSync(path, readFileSync(executable('1')).subarray(0, -1)),
    ],
    ['a symbolic link', (path: string) => symlinkSync('/usr/lib/cni/ipvlan', path)],
    ['a symbolic link to one of ours', (path: string) => symlinkSync(executable('1.0.0'), path)],
  ])('takes %s for what is not ours', (_what, make) => {
    mkdirSync(binDir);
    make(at('ipvlan'));
    expect(install).toThrow(`${at('ipvlan')} is not plumbline's`);
    expect(install({ force: true })).toEqual({
      ...all('installed 1.0.0'),
      ipvlan: 'installed 1.0.0; what was there is kept as ipvlan.plumbline-backup',
    });
    expect(inodes()).toHaveLength(1);
    expect(
      existsSync(at('ipvlan.plumbline-backup')) || lstatSync(at('ipvlan.plumbline-backup')).isSymbolicLink(),
    ).toBe(true);
  });

  test('with --force keeps the last file that was replaced', () => {
    foreign('ovs', 'first');
    install({ force: true });
    rmSync(at('ovs'));
    foreign('ovs', 'second');
    install({ force: true });
    expect(readFileSync(at('ovs.plumbline-backup'), 'utf8')).toBe('second');
    // Not a third time: what is there now is ours.
    install({ version: '2.0.0', force: true });
    expect(readFileSync(at('ovs.plumbline-backup'), 'utf8')).toBe('second');
  });

  test('refuses a folder in the place of a plugin, with --force as well', () => {
    mkdirSync(at('sriov'), { recursive: true });
    expect(() => install({ force: true })).toThrow(`${at('sriov')} is not a file: please move it away`);
    expect(files()).toEqual(['sriov']);
  });

  test('refuses to install what was not built', () => {
    const source = join(root, 'node');
    writeFileSync(source, 'ELF');
    expect(() => install({ source })).toThrow('no built executable');
    expect(existsSync(binDir)).toBe(false);
  });

  test('removes what a killed install has left, and not what one leaves that runs now', () => {
    mkdirSync(binDir);
    writeFileSync(at('.plumbline-tmp-1-00'), '');
    install();
    expect(files()).toContain('.plumbline-tmp-1-00');
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 2 * 60 * 60 * 1000);
    expect(install()).toEqual(all('1.0.0 is there already'));
    expect(files()).toEqual([...EXECUTABLES].sort());
  });

  test('a folder that cannot be made is a message, not a stack', () => {
    writeFileSync(binDir, '');
    expect(install).toThrow(`cannot make ${binDir}: something that is not a folder has that name`);
    rmSync(binDir);
    writeFileSync(join(root, 'file'), '');
    binDir = join(root, 'file', 'bin');
    expect(install).toThrow(`cannot make ${binDir}: a part of the path is not a folder`);
  });
});

describe('uninstall', () => {
  test('removes ours and nothing else', () => {
    install({ asBridge: true });
    foreign('portmap');
    expect(uninstall()).toEqual(all('removed', [...EXECUTABLES, 'bridge']));
    expect(files()).toEqual(['portmap']);
  });

  test('puts back what --force had replaced', () => {
    foreign('host-local');
    mkdirSync(binDir, { recursive: true });
    symlinkSync('/usr/lib/cni/macvlan', at('macvlan'));
    install({ force: true });
    expect(uninstall()).toEqual({
      ...all('removed'),
      'host-local': 'put back what was there before plumbline',
      macvlan: 'put back what was there before plumbline',
    });
    expect(files()).toEqual(['host-local', 'macvlan']);
    expect(readFileSync(at('host-local'), 'utf8')).toBe("the reference's host-local");
    expect(readlinkSync(at('macvlan'))).toBe('/usr/lib/cni/macvlan');
  });

  test('puts it back where ours has been deleted by hand', () => {
    foreign('ovs');
    install({ force: true });
    rmSync(at('ovs'));
    expect(uninstall()['ovs']).toBe('put back what was there before plumbline');
  });

  test('leaves alone what somebody has installed over ours', () => {
    foreign('ovs', 'first');
    install({ force: true });
    rmSync(at('ovs'));
    foreign('ovs', 'second');
    rmSync(at('sriov'));
    foreign('sriov');
    expect(uninstall()).toEqual({
      ...all(
        'removed',
        EXECUTABLES.filter((name) => name !== 'sriov'),
      ),
      ovs: "left alone: not plumbline's; an older one is kept as ovs.plumbline-backup",
    });
    expect(files()).toEqual(['ovs', 'ovs.plumbline-backup', 'sriov']);
    expect(readFileSync(at('ovs'), 'utf8')).toBe('second');
  });

  test('twice is no error, nor is a folder that is not there', () => {
    install();
    uninstall();
    expect(uninstall()).toEqual({});
    rmSync(binDir, { recursive: true });
    expect(uninstall()).toEqual({});
  });
});
