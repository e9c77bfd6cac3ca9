/** Pods by their containers' IDs, out of the results that libcni keeps until DEL: containerd, CRI-O, Podman, nerdctl. */
import { isObject, member } from '../../../lib/cni/json.ts';
import type { Host } from '../../../lib/exec/host.ts';

const resultsFolder = '/var/lib/cni/results';

export function readPods({ kernel }: Host): ReadonlyMap<string, string> {
  return new Map(
    kernel.list(resultsFolder).flatMap((name) => {
      const pod = podIn(kernel.read(`${resultsFolder}/${name}`) ?? '');
      return pod === undefined ? [] : [pod];
    }),
  );
}

/** A container's ID, and its pod: `default/web-0`. */
export function podIn(text: string): readonly [id: string, pod: string] | undefined {
  const cached = parse(text);
  if (!isObject(cached)) return undefined;
  const [id, args] = [member(cached, 'containerId'), member(cached, 'cniArgs')];
  if (typeof id !== 'string' || !Array.isArray(args)) return undefined;
  const argument = (key: string): string | undefined => {
    const pair: unknown = args.find((arg: unknown) => Array.isArray(arg) && arg[0] === key);
    const value: unknown = Array.isArray(pair) ? pair[1] : undefined;
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const [namespace, name] = [argument('K8S_POD_NAMESPACE'), argument('K8S_POD_NAME')];
  return name === undefined ? undefined : [id, namespace === undefined ? name : `${namespace}/${name}`];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
