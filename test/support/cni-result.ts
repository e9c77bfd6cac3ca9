/** What a plugin prints. */

/** A result in any version of the specification. */
export interface CniResult {
  readonly cniVersion: string;
  readonly interfaces?: readonly CniInterface[];
  readonly ips?: readonly CniIp[];
  readonly routes?: readonly CniRoute[];
  readonly dns?: CniDns;
  /** 0.1.0 and 0.2.0. */
  readonly ip4?: { readonly ip: string; readonly gateway?: string; readonly routes?: readonly CniRoute[] };
  readonly ip6?: { readonly ip: string; readonly gateway?: string; readonly routes?: readonly CniRoute[] };
  /** VERSION. */
  readonly supportedVersions?: readonly string[];
}

export interface CniInterface {
  readonly name: string;
  readonly mac?: string;
  readonly mtu?: number;
  readonly sandbox?: string;
  readonly socketPath?: string;
  readonly pciID?: string;
}

export interface CniIp {
  readonly address: string;
  readonly gateway?: string;
  readonly interface?: number;
  readonly version?: '4' | '6';
}

export interface CniRoute {
  readonly dst: string;
  readonly gw?: string;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  readonly scope?: number;
}

export interface CniDns {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

export interface CniFailure {
  readonly cniVersion?: string;
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

/** What stdout holds. */
export interface Printed {
  /** stdout's JSON, where it is JSON. */
  readonly json?: unknown;
  /** stdout as a result, where the exit status is 0 and there is any. */
  readonly result?: CniResult;
  /** stdout as an error, where the exit status is not 0. */
  readonly error?: CniFailure;
}

/** stdout, as far as it is what the specification wants with that exit status. */
export function interpret(code: number | null, stdout: string): Printed {
  let json: unknown;
  try {
    json = JSON.parse(stdout);
  } catch {
    return {};
  }
  if (typeof json !== 'object' || json === null) return { json };
  if (code === 0) return { json, result: json as CniResult };
  return 'code' in json && 'msg' in json ? { json, error: json as CniFailure } : { json };
}

/** The address of a family in a result, without its prefix. */
export function addressIn(result: CniResult, family: 4 | 6 = 4): string {
  const old = family === 4 ? result.ip4?.ip : result.ip6?.ip;
  const found =
    old ??
    result.ips?.map(({ address }) => address).find((address) => address.includes(':') === (family === 6));
  if (found === undefined) throw new Error(`no IPv${family} address in ${JSON.stringify(result)}`);
  return found.replace(/\/\d+$/, '');
}
