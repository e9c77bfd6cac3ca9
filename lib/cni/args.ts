/**
 * CNI_ARGS: `K=V;K=V`.
 *
 * Source: CNI conventions, "CNI_ARGS"; the reference library's rules for IgnoreUnknown.
 */
import { CniError, ErrorCode, show } from '../errors.ts';
import { foldKey } from '../plain.ts';

export interface CniArgs {
  /** Value of a key, matched in any case; an empty value is absent. */
  get(key: string): string | undefined;
  readonly ignoreUnknown: boolean;
  readonly keys: readonly string[];
}

/** Keys that every plugin takes: Kubernetes' runtimes send them, whatever the plugin. */
const commonKeys = [
  'IgnoreUnknown',
  'K8S_POD_NAMESPACE',
  'K8S_POD_NAME',
  'K8S_POD_INFRA_CONTAINER_ID',
  'K8S_POD_UID',
];

/** @throws CniError 4 when a pair has no `=`, or IgnoreUnknown is no boolean */
export function parseArgs(text: string): CniArgs {
  const values = new Map<string, string>();
  const keys: string[] = [];
  for (const pair of text === '' ? [] : text.split(';')) {
    const at = pair.indexOf('=');
    if (at < 0 || pair.indexOf('=', at + 1) >= 0) {
      throw new CniError(
        ErrorCode.invalidEnvironment,
        `CNI_ARGS: ${show(pair)} is not of the form KEY=VALUE`,
      );
    }
    const key = pair.slice(0, at);
    keys.push(key);
    values.set(foldKey(key), pair.slice(at + 1));
  }
  const get = (key: string): string | undefined => values.get(foldKey(key)) || undefined;
  return { get, keys, ignoreUnknown: parseBoolean(get('IgnoreUnknown')) };
}

function parseBoolean(text: string | undefined): boolean {
  switch (text?.toLowerCase()) {
    case '1':
    case 'true':
      return true;
    case undefined:
    case '0':
    case 'false':
      return false;
    default:
      throw new CniError(
        ErrorCode.invalidEnvironment,
        `CNI_ARGS: IgnoreUnknown=${show(text)} is not a boolean; use 1, true, 0 or false`,
      );
  }
}

/** @throws CniError 4 naming the keys that neither the plugin nor the conventions know, unless IgnoreUnknown is set */
export function refuseUnknownArgs(args: CniArgs, known: readonly string[]): void {
  if (args.ignoreUnknown) return;
  const accepted = new Set([...commonKeys, ...known].map(foldKey));
  const unknown = args.keys.filter((key) => !accepted.has(foldKey(key)));
  if (unknown.length > 0) {
    throw new CniError(
      ErrorCode.invalidEnvironment,
      `CNI_ARGS: unknown ${unknown.map((key) => show(key)).join(', ')}; remove it, or add IgnoreUnknown=1`,
    );
  }
}
