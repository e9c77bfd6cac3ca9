/**
 * containerd, by `ctr`, in each of its namespaces: `default` has ctr's own containers and nerdctl's, `k8s.io` those of
 * Kubernetes, `moby` Docker's.
 *
 * Source: `ctr containers list --help` for filters; the annotations and labels are those of containerd's CRI plugin and
 * of nerdctl.
 */
import type { Ask } from './ask.ts';
import { type Answer, at, type Match, netnsOfPid, netnsOfSpec, parsed, reasonOf, textAt } from './match.ts';

const nameLabels = ['nerdctl/name', 'io.kubernetes.pod.name'] as const;

export async function askContainerd(ask: Ask, named: string): Promise<Answer> {
  const by = 'containerd';
  // Where no daemon listens, ctr would try again for 10 seconds.
  const said = await ask('ctr', ['--connect-timeout', '1s', 'namespaces', 'list', '--quiet']);
  if (said === undefined) return { by, matches: [], why: 'ctr is not installed' };
  if (said.status !== 0) return { by, matches: [], why: reasonOf(said) };
  const namespaces = words(said.stdout);
  const found = await Promise.all(namespaces.map((namespace) => askNamespace(ask, namespace, named)));
  const matches = found.flat();
  if (matches.length > 0) return { by, matches };
  const where = namespaces.length === 0 ? 'it has no namespaces' : `namespaces ${namespaces.join(', ')}`;
  return { by, matches, why: `no such container (${where})` };
}

async function askNamespace(ask: Ask, namespace: string, named: string): Promise<readonly Match[]> {
  const ctr = async (...args: readonly string[]): Promise<string> => {
    const said = await ask('ctr', ['--namespace', namespace, ...args]);
    return said?.status === 0 ? said.stdout : '';
  };
  // One that fits any of them is listed. A name has dots, which a pattern takes for any character.
  const filters = [
    `id~=${JSON.stringify(`^${named.replaceAll('.', '\\.')}`)}`,
    ...nameLabels.map((label) => `labels."${label}"==${JSON.stringify(named)}`),
  ];
  const ids = words(await ctr('containers', 'list', '--quiet', ...filters));
  if (ids.length === 0) return [];
  const [tasks, ...infos] = await Promise.all([
    ctr('tasks', 'list'),
    ...ids.map((id) => ctr('containers', 'info', id)),
  ]);
  return infos.flatMap((info) => parseInfo(namespace, info, parseTasks(tasks), named) ?? []);
}

const words = (text: string): readonly string[] => text.split(/\s+/).filter(Boolean);

export interface Task {
  readonly pid: number;
  /** `RUNNING`, `STOPPED`, ... */
  readonly status: string;
}

/** @param stdout the table of `ctr tasks list`: TASK, PID, STATUS */
export function parseTasks(stdout: string): ReadonlyMap<string, Task> {
  const rows = stdout.split('\n').slice(1).map(words);
  return new Map(
    rows.flatMap(([id, pid, status = '']) =>
      id === undefined ? [] : [[id, { pid: Number(pid), status }] as const],
    ),
  );
}

/** @param stdout what `ctr containers info ID` prints */
export function parseInfo(
  namespace: string,
  stdout: string,
  tasks: ReadonlyMap<string, Task>,
  named: string,
): Match | undefined {
  const info = parsed(stdout);
  const own = textAt(info, 'ID');
  if (own === '') return undefined;
  const task = tasks.get(own);
  const isRunning = task?.status === 'RUNNING';
  const name = nameLabels.map((label) => textAt(info, 'Labels', label)).find(Boolean) ?? '';
  return {
    by: `containerd (${namespace})`,
    id: textAt(info, 'Spec', 'annotations', 'io.kubernetes.cri.sandbox-id') || own,
    name,
    isExact: [own, name].includes(named),
    netns: isRunning ? [...netnsOfSpec(at(info, 'Spec')), ...netnsOfPid(task.pid)] : [],
    state: task === undefined ? 'not running' : task.status.toLowerCase(),
  };
}
