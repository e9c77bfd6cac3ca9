/** Asks Kubernetes for a node's pod CIDRs, as a pod does: by the service account that is mounted into it. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { isObject, parseObject } from '../../lib/cni/json.ts';
import { CommandError } from '../command.ts';

export interface Cluster {
  readonly host: string;
  readonly port: number;
  /** Folder with `token` and `ca.crt`. */
  readonly account: string;
}

const TIMEOUT_MS = 10_000;

/** More than any Node object has; what is longer comes from something else. */
const LIMIT_BYTES = 4 << 20;

/** @throws CommandError outside of a pod */
export function clusterOf(env: Readonly<Record<string, string | undefined>>, account: string): Cluster {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = env;
  if (!host || !port) {
    throw new CommandError(
      'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: outside of a pod, name the pod CIDRs by --pod-cidrs',
    );
  }
  return { host, port: Number(port), account };
}

/**
 * `spec.podCIDRs` of a Node object.
 * @throws CommandError that says who did not answer, what is not allowed, or that the node has none yet
 */
export async function readPodCidrs(cluster: Cluster, node: string): Promise<readonly string[]> {
  const what = `node ${node}`;
  const { status, body } = await get(cluster, `/api/v1/nodes/${encodeURIComponent(node)}`);
  if (status === 401 || status === 403) {
    throw new CommandError(
      `${what}: Kubernetes refuses it (${status}): the service account needs "get" on "nodes"`,
    );
  }
  if (status === 404)
    throw new CommandError(`${what}: Kubernetes does not know it; --node takes spec.nodeName`);
  if (status !== 200) throw new CommandError(`${what}: Kubernetes answers ${status}: ${body.slice(0, 200)}`);
  const { spec } = parseObject(body, what);
  const cidrs: unknown = isObject(spec)
    ? (spec['podCIDRs'] ?? (spec['podCIDR'] ? [spec['podCIDR']] : []))
    : [];
  if (!Array.isArray(cidrs) || cidrs.length === 0 || !cidrs.every((cidr) => typeof cidr === 'string')) {
    throw new CommandError(
      `${what} has no pod CIDR: kube-controller-manager gives them with --allocate-node-cidrs --cluster-cidr`,
    );
  }
  return cidrs;
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function get({ host, port, account }: Cluster, path: string): Promise<Answer> {
  const server = `the Kubernetes API at ${host}:${port}`;
  try {
    // Read each time: Kubernetes renews the token.
    const token = readFileSync(join(account, 'token'), 'utf8').trim();
    const ca = readFileSync(join(account, 'ca.crt'));
    return await new Promise<Answer>((resolve, reject) => {
      const call = request(
        {
          host,
          port,
          path,
          ca,
          headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
          signal: AbortSignal.timeout(TIMEOUT_MS),
        },
        (response) => {
          const chunks: Buffer[] = [];
          let length = 0;
          response.on('data', (chunk: Buffer) => {
            length += chunk.length;
            if (length > LIMIT_BYTES) call.destroy(new Error(`more than ${LIMIT_BYTES} bytes`));
            else chunks.push(chunk);
          });
          response.on('error', reject);
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
          );
        },
      );
      call.on('error', reject);
      call.end();
    });
  } catch (error) {
    const { name, message } = error as Error;
    const why =
      name === 'AbortError' || name === 'TimeoutError' ? `no answer in ${TIMEOUT_MS / 1000} s` : message;
    throw new CommandError(`${server}: ${why}`, { cause: error });
  }
}
