/**
 * nft, one transaction a child: either every line of it holds, or none.
 *
 * Tables, sets and maps of ours are all named `plumbline`, one table in the inet family for masquerading and one in
 * the bridge family for anti-spoofing.
 */
import * as z from '#zod';
import { CniError, ErrorCode, show } from '../errors.ts';
import type { Host } from '../exec/host.ts';
import { runUnderLock } from '../exec/lock.ts';
import { type CommandLine, INPUT } from '../exec/runner.ts';
import { once } from '../once.ts';
import { isRecord } from '../plain.ts';
import { plainListing } from './plain.ts';

/** What became of a transaction; the two failures that a caller can mend are told apart. */
export type Verdict = 'done' | 'missing' | 'exists';

export interface TransactionOptions {
  /** Path of a lock that the child takes first. */
  readonly lock?: string;
  /** Only ask whether the transaction would go through. */
  readonly checkOnly?: boolean;
}

/**
 * Sends lines as one transaction.
 * @returns `missing` where something named does not exist, `exists` where something created is there already
 * @throws CniError 101 with nft's words for any other failure
 */
export async function transact(
  host: Host,
  lines: readonly string[],
  options: TransactionOptions = {},
): Promise<Verdict> {
  if (lines.length === 0) return 'done';
  const line: CommandLine = ['nft', [...(options.checkOnly ? ['-c'] : []), '-f', INPUT]];
  const input = `${lines.join('\n')}\n`;
  const { status, stderr } = await runUnderLock(host.runner, options.lock, line, { input });
  if (status === 0) return 'done';
  if (/File exists/.test(stderr)) return 'exists';
  if (/No such file or directory|does not exist/.test(stderr)) return 'missing';
  throw new CniError(
    ErrorCode.commandFailed,
    `nft failed: ${firstLine(stderr) || `exit status ${status}`}`,
    stderr.trim(),
  );
}

type Properties = Readonly<Record<string, unknown>>;
export const listing = once(() => z.object({ nftables: z.array(z.custom<Properties>(isRecord)) }));

/** Objects of a listing (libnftables-json(5)); an empty list where what is listed does not exist. */
export async function list(host: Host, what: readonly string[]): Promise<readonly Properties[]> {
  const { status, stdout, stderr } = await host.runner.run('nft', ['-a', '-j', 'list', ...what]);
  if (status === 0) return readListing(JSON.parse(stdout)).nftables;
  if (/No such file or directory|does not exist/.test(stderr)) return [];
  throw new CniError(
    ErrorCode.commandFailed,
    `nft list ${what.join(' ')} failed: ${firstLine(stderr)}`,
    stderr.trim(),
  );
}

function readListing(document: unknown): z.infer<ReturnType<typeof listing>> {
  const plain = plainListing(document) as z.infer<ReturnType<typeof listing>> | undefined;
  return plain ?? z.parse(listing(), document);
}

/** An element of a set or a map: the parts of its key, and its comment. */
export interface Element {
  readonly key: readonly string[];
  readonly comment: string;
  /** The chain that a map's element goes to. */
  readonly chain?: string | undefined;
}

const element = once(() => {
  const key = z.union([z.string(), z.object({ concat: z.array(z.string()) })]);
  return z.object({ elem: z.object({ val: key, comment: z.optional(z.string()) }) });
});
const verdict = once(() => z.object({ goto: z.object({ target: z.string() }) }));
const elementHolder = once(() => z.object({ elem: z.optional(z.array(z.unknown())) }));

/**
 * All elements of one of our sets or maps; for GC and for repairs, never for what every pod pays: it grows with the
 * node.
 */
export async function listElements(
  host: Host,
  family: string,
  name: string,
  kind: 'set' | 'map' = 'set',
): Promise<Element[]> {
  const objects = await list(host, [kind, family, 'plumbline', name]);
  return objects
    .map((object) => z.safeParse(elementHolder(), object[kind]))
    .flatMap((holder) => (holder.success ? (holder.data.elem ?? []) : []))
    .flatMap((entry) => {
      // A map's element is a pair: the key's part, and what it maps to.
      const [part, mapped]: readonly unknown[] = Array.isArray(entry) ? entry : [entry];
      const parsed = z.safeParse(element(), part);
      if (!parsed.success) return [];
      const { val, comment = '' } = parsed.data.elem;
      const key = typeof val === 'string' ? [val] : val.concat;
      const { data } = z.safeParse(verdict(), mapped);
      return [data === undefined ? { key, comment } : { key, comment, chain: data.goto.target }];
    });
}

/**
 * A string as nft's syntax has it.
 * @throws CniError 7 for one that the quotes would not hold
 */
export function quoted(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  if (/["\\\u0000-\u001f\u007f]/.test(text)) {
    throw new CniError(
      ErrorCode.invalidConfig,
      `${show(text)} cannot be passed to nft: it holds a quote, "\\" or a control character`,
    );
  }
  return `"${text}"`;
}

function firstLine(text: string): string {
  return (
    text
      .trim()
      .split('\n')[0]
      ?.replace(/^\/[^:]*:\d+:\d+-\d+: /, '') ?? ''
  );
}
