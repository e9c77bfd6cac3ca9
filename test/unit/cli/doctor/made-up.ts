/** Nodes and networks that are nowhere, for what doctor says of them. */
import type { Check } from '../../../../cli/doctor/check.ts';
import type { Need } from '../../../../cli/doctor/needs.ts';
import { lintText } from '../../../../cli/lint/file.ts';
import type { Network } from '../../../../cli/lint/network.ts';
import type { Host, Kernel } from '../../../../lib/exec/host.ts';
import type { RunResult } from '../../../../lib/exec/runner.ts';

/** What a program answers; success without a word where it says nothing else. */
export type Answer = (program: string, args: readonly string[]) => Partial<RunResult>;

/** A host whose files and programs are made up. */
export function hostWith(
  files: Readonly<Record<string, string>> = {},
  answer: Answer = () => ({}),
  missing: readonly string[] = [],
): Host {
  const names = Object.keys(files);
  const kernel: Kernel = {
    read: (path) => files[path],
    write: () => {
      throw new Error('doctor writes nothing');
    },
    exists: (path) => names.some((name) => name === path || name.startsWith(`${path}/`)),
    list: (path) => [
      ...new Set(
        names.flatMap((name) =>
          name.startsWith(`${path}/`) ? [name.slice(path.length + 1).split('/')[0] ?? ''] : [],
        ),
      ),
    ],
  };
  return {
    runner: {
      has: (program) => !missing.includes(program),
      run: async (program, args) => ({
        status: 0,
        stdout: '',
        stderr: '',
        ...answer(
          program,
          args.map((arg) => (typeof arg === 'object' ? arg.tool : String(arg))),
        ),
      }),
    },
    kernel,
    runDir: '/run/plumbline',
    stateDir: '/var/lib/cni/plumbline',
    executable: '/proc/self/exe',
    openNetns(path) {
      if (files[path] !== 'netns') throw new Error(`${path} is no network namespace`);
      return { path, ref: path, fd: -1, id: '4:1', [Symbol.dispose]: () => undefined };
    },
  };
}

/** A network of one plugin, as it is read from net.d. */
export function networkOf(config: Readonly<Record<string, unknown>>): Network {
  const { network } = lintText(
    '10-net.conf',
    JSON.stringify({ cniVersion: '1.0.0', name: 'net', ...config }),
  );
  if (network === undefined) throw new Error('no network');
  return network;
}

/** What a network named "net" needs. */
export const needs = (...list: readonly Need[]) => new Map(list.map((need) => [need, ['net']]));

/** How each check ended, by its name. */
export const told = (checks: readonly Check[]) =>
  Object.fromEntries(checks.map(({ name, status }) => [name, status]));

/** The check of that name. */
export const find = (checks: readonly Check[], name: string) => checks.find((check) => check.name === name);
