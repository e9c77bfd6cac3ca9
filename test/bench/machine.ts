/** What the figures were taken on: enough to compare runs, nothing that names the machine. */
import { spawnSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { cpus, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { binDir, systemPath } from '../support/paths.ts';

/** Names of things and their versions. */
export type Machine = Readonly<Record<string, string>>;

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString().slice(0, 10),
    kernel: `Linux ${release()} ${process.arch}`,
    cpu: `${cpus()[0]?.model.trim() ?? 'unknown'}, ${cpus().length} cores`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    'file system': fileSystem(tmpdir()),
    load: `${readFileSync('/proc/loadavg', 'utf8').split(' ')[0]} (1 min, before the start)`,
    plumbline: firstLine(join(binDir, 'plumbline'), '--version').replace(/^plumbline /, ''),
    // The plugins themselves say "version unknown".
    reference: firstLine('dpkg-query', '--show', 'containernetworking-plugins').replace('\t', ' '),
    node: process.version,
    ip: firstLine('ip', '-V').replace(/^ip utility, /, ''),
    nft: firstLine('nft', '--version').replace(/ \(.*/, ''),
    iptables: firstLine('iptables', '--version'),
    ovs: firstLine('ovs-vsctl', '--version').replace(/^ovs-vsctl /, ''),
    iperf3: firstLine('iperf3', '--version').replace(/ \(.*/, ''),
  };
}

/** The first line that a program prints, on whichever stream. */
function firstLine(program: string, ...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: { PATH: systemPath } });
  const printed = stdout || stderr;
  return printed?.split('\n')[0]?.trim() || 'unknown';
}

/** Magic numbers of statfs(2). */
const fileSystems: Readonly<Record<string, string>> = {
  ef53: 'ext4',
  '58465342': 'xfs',
  '9123683e': 'btrfs',
  '1021994': 'tmpfs',
  '794c7630': 'overlayfs',
};

function fileSystem(path: string): string {
  const magic = statfsSync(path).type.toString(16);
  return fileSystems[magic] ?? `0x${magic}`;
}
