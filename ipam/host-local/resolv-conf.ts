/** resolv.conf(5) as the `dns` of a result. */
import { CniError, ErrorCode, isErrnoException } from '../../lib/errors.ts';
import { readPlainFile } from '../../lib/exec/plain-file.ts';

export interface ResolvConf {
  readonly nameservers?: readonly string[];
  readonly domain?: string;
  readonly search?: readonly string[];
  readonly options?: readonly string[];
}

/**
 * Reads the file that `ipam.resolvConf` names.
 * @throws CniError 5 where it cannot be read
 */
export function readResolvConf(path: string): ResolvConf {
  try {
    const text = readPlainFile(path);
    if (text !== undefined) return parseResolvConf(text);
    throw new CniError(
      ErrorCode.io,
      `ipam.resolvConf: ${path} is no plain file of at most 1 MiB; correct the path`,
    );
  } catch (error) {
    if (!isErrnoException(error)) throw error;
    throw new CniError(
      ErrorCode.io,
      `ipam.resolvConf: ${path} cannot be read (${error.code}); correct the path, or remove the field`,
      error.message,
    );
  }
}

/** As the reference reads it: the last `domain`, all of the others, lines with one word left out. */
export function parseResolvConf(text: string): ResolvConf {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !/^[#;]/.test(line))
    .map((line) => line.split(/\s+/));
  const all = (keyword: string): readonly (readonly string[])[] =>
    lines.filter(([first]) => first === keyword).map(([, ...values]) => values);
  const nameservers = all('nameserver').flatMap((values) => values.slice(0, 1));
  const domain = all('domain').findLast((values) => values.length > 0)?.[0];
  const search = all('search').flat();
  const options = all('options').flat();
  return {
    ...(nameservers.length > 0 ? { nameservers } : {}),
    ...(domain === undefined ? {} : { domain }),
    ...(search.length > 0 ? { search } : {}),
    ...(options.length > 0 ? { options } : {}),
  };
}
