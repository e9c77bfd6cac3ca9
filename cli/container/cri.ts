/**
 * Whatever speaks the CRI, by `crictl`: CRI-O, containerd, cri-dockerd.
 *
 * Source: `crictl pods`, `crictl ps`, `crictl inspectp`; what they print is the CRI's own messages as JSON
 * (k8s.io/cri-api), and under `info` what the runtime adds: `pid` and `runtimeSpec`, of containerd and CRI-O alike.
 */
import { existsSync } from 'node:fs';
import type { Ask } from './ask.ts';
import {
  type Answer,
  at,
  type Match,
  netnsOfPid,
  netnsOfSpec,
  objectsIn,
  parsed,
  reasonOf,
  textAt,
} from './match.ts';

/** Where the runtimes listen; crictl by itself asks one after the other, and waits for each. */
const sockets = ['/run/containerd/containerd.sock', '/run/crio/crio.sock', '/run/cri-dockerd.sock'] as const;

/** What somebody has set up for crictl goes before what is found. */
export async function askCri(ask: Ask, named: string, env: NodeJS.ProcessEnv): Promise<readonly Answer[]> {
  const isSetUp =
    env['CONTAINER_RUNTIME_ENDPOINT'] !== undefined ||
    env['CRI_CONFIG_FILE'] !== undefined ||
    existsSync('/etc/crictl.yaml');
  if (isSetUp) return [await askEndpoint(ask, named, [])];
  const there = sockets.filter((path) => existsSync(path));
  if (there.length === 0)
    return [{ by: 'crictl', matches: [], why: `no socket of a CRI (${sockets.join(', ')})` }];
  return await Promise.all(
    there.map((path) => askEndpoint(ask, named, ['--runtime-endpoint', `unix://${path}`])),
  );
}

async function askEndpoint(ask: Ask, named: string, options: readonly string[]): Promise<Answer> {
  const by = options.length === 0 ? 'crictl' : `crictl (${options.at(-1)})`;
  const crictl = (...args: readonly string[]) => ask('crictl', [...options, ...args]);
  const [pods, containers] = await Promise.all([
    crictl('pods', '--output', 'json'),
    crictl('ps', '--all', '--output', 'json'),
  ]);
  if (pods === undefined || containers === undefined)
    return { by: 'crictl', matches: [], why: 'not installed' };
  const failed = [pods, containers].find(({ status }) => status !== 0);
  if (failed !== undefined) return { by, matches: [], why: reasonOf(failed) };
  const matches = await Promise.all(
    parseLists(pods.stdout, containers.stdout, named).map(async (found) => {
      const said = await crictl('inspectp', '--output', 'json', found.sandbox);
      return said?.status === 0 ? parseSandbox(by, said.stdout, found) : [];
    }),
  );
  const found = matches.flat();
  return found.length > 0 ? { by, matches: found } : { by, matches: [], why: 'no such pod or container' };
}

/** A pod, and how it was named. */
export interface Found {
  /** ID of the pod's sandbox. */
  readonly sandbox: string;
  readonly isExact: boolean;
}

/** @returns the pods that are named by themselves or by a container in them, each once */
export function parseLists(pods: string, containers: string, named: string): readonly Found[] {
  const found = new Map<string, boolean>();
  const note = (sandbox: string, id: string, name: string): void => {
    const isExact = [id, name].includes(named);
    if (isExact || id.startsWith(named)) found.set(sandbox, isExact || found.get(sandbox) === true);
  };
  for (const pod of objectsIn(at(parsed(pods), 'items')))
    note(textAt(pod, 'id'), textAt(pod, 'id'), textAt(pod, 'metadata', 'name'));
  for (const container of objectsIn(at(parsed(containers), 'containers')))
    note(textAt(container, 'podSandboxId'), textAt(container, 'id'), textAt(container, 'metadata', 'name'));
  return [...found].map(([sandbox, isExact]) => ({ sandbox, isExact }));
}

/** @param stdout what `crictl inspectp` prints */
export function parseSandbox(by: string, stdout: string, { sandbox, isExact }: Found): readonly Match[] {
  const pod = parsed(stdout);
  const state = textAt(pod, 'status', 'state');
  if (state === '') return [];
  const isReady = state === 'SANDBOX_READY';
  const namespace = textAt(pod, 'status', 'metadata', 'namespace');
  const name = textAt(pod, 'status', 'metadata', 'name');
  const runtimeSpec = at(pod, 'info', 'runtimeSpec');
  return [
    {
      by,
      id: sandbox,
      name: namespace === '' ? name : `${namespace}/${name}`,
      isExact,
      netns: isReady ? [...netnsOfSpec(runtimeSpec), ...netnsOfPid(at(pod, 'info', 'pid'))] : [],
      state: isReady ? 'running' : state.replace(/^SANDBOX_/, '').toLowerCase(),
    },
  ];
}
