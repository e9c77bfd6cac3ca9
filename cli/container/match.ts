/** What a runtime says of a container that somebody has named. */
import { isObject, type JsonObject, member } from '../../lib/cni/json.ts';

/** A container, or a pod's sandbox. */
export interface Match {
  /** Who knows it: `docker`, `containerd (k8s.io)`, `netns`. */
  readonly by: string;
  /** What CNI plugins are to know it by: of a container in a pod, the ID of the pod's sandbox, whose namespace it is. */
  readonly id: string;
  /** What people call it; empty where it has no name besides its ID. */
  readonly name: string;
  /** Whether it was named in full, and not by the beginning of its ID. */
  readonly isExact: boolean;
  /** Paths of its network namespace; the first that leads to one counts. None where it does not run. */
  readonly netns: readonly string[];
  /** `running`, or what it is instead, in the runtime's words. */
  readonly state: string;
}

/** What became of the question. */
export interface Answer {
  readonly by: string;
  readonly matches: readonly Match[];
  /** Why there is none: not installed, no such container, or the program's own words. */
  readonly why?: string;
}

/** What names a container to any of the runtimes. Whatever else was given is not asked for. */
export const canBeContainer = (text: string): boolean => /^[A-Za-z0-9][\w.-]*$/.test(text);

export const netnsOfPid = (pid: unknown): readonly string[] =>
  typeof pid === 'number' && pid > 0 ? [`/proc/${pid}/ns/net`] : [];

/** The path of the network namespace in a container's OCI spec; none where the runtime made it without a name. */
export function netnsOfSpec(spec: unknown): readonly string[] {
  const namespaces = at(spec, 'linux', 'namespaces');
  const network = (Array.isArray(namespaces) ? namespaces : [])
    .filter(isObject)
    .find((entry) => entry['type'] === 'network');
  const path = network?.['path'];
  return typeof path === 'string' && path !== '' ? [path] : [];
}

/** What is at a path of keys, each in any case. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((object, key) => (isObject(object) ? member(object, key) : undefined), value);
}

/** The same where a text is looked for; empty where there is none. */
export function textAt(value: unknown, ...keys: readonly string[]): string {
  const found = at(value, ...keys);
  return typeof found === 'string' ? found : '';
}

/** JSON that a program printed; undefined where it is none. */
export function parsed(stdout: string): unknown {
  try {
    return JSON.parse(stdout);
  } catch {
    return undefined;
  }
}

export function objectsIn(value: unknown): readonly JsonObject[] {
  return (Array.isArray(value) ? value : []).filter(isObject);
}

/** The last line of what a program said: its reason, without the time and level that some write before it. */
export function reasonOf({
  stdout,
  stderr,
  status,
}: {
  stdout: string;
  stderr: string;
  status: number;
}): string {
  const lines = (stderr.trim() || stdout.trim()).split('\n');
  const line = lines.at(-1)?.trim() || `exit status ${status}`;
  return /^time=.* msg="(?<said>.*)"/.exec(line)?.groups?.['said']?.replaceAll('\\"', '"') ?? line;
}
