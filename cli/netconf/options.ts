/** Where Kubernetes mounts what a pod tells itself by. */
export const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface NetconfOptions {
  /** Folder of the templates. */
  readonly from: string;
  /** Folder of the container runtime. */
  readonly to: string;
  /** Name of the Node object to ask for. */
  readonly node: string | undefined;
  /** Folder with `token` and `ca.crt`. */
  readonly serviceAccount: string;
  readonly podCidrs: readonly string[] | undefined;
  readonly watch: boolean;
}
