/**
 * The error that every plugin answers with.
 *
 * Source: CNI specification 1.1.0, section "Error"; codes 1-99 are the specification's, 100 and up are ours.
 */

/** Well-known codes of the specification, and plumbline's own from 100 on. */
export const ErrorCode = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  invalidEnvironment: 4,
  io: 5,
  undecodable: 6,
  invalidConfig: 7,
  invalidNetns: 8,
  tryAgainLater: 11,
  notAvailable: 50,
  limitedConnectivity: 51,
  /** A program that plumbline calls is not installed. */
  toolMissing: 100,
  /** A program that plumbline calls has failed; `details` has the command and its words. */
  commandFailed: 101,
  /** The attachment, or something that would stand in its place, is there already. */
  alreadyExists: 102,
  /** No address is free, or the one asked for is taken. */
  noAddress: 103,
  /** CHECK found the network other than ADD left it. */
  checkFailed: 104,
  /** The link did not come up in time. */
  linkDown: 105,
  internal: 999,
} as const;

export class CniError extends Error {
  readonly code: number;
  readonly details: string;

  /**
   * @param code    one of {@link ErrorCode}, or what a delegate answered
   * @param message what went wrong and what to do, with names and values
   * @param details the failed command and its own words, or nothing
   */
  constructor(code: number, message: string, details = '', options?: ErrorOptions) {
    super(message, options);
    this.name = 'CniError';
    this.code = code;
    this.details = details;
  }
}

/** Any thrown thing as a CniError; what is not one is our own mistake and becomes code 999, without its stack. */
export function asCniError(thrown: unknown): CniError {
  if (thrown instanceof CniError) return thrown;
  if (isErrnoException(thrown)) {
    return new CniError(ErrorCode.io, thrown.message, '', { cause: thrown });
  }
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new CniError(ErrorCode.internal, `internal error: ${message}`, '', { cause: thrown });
}

/**
 * Whether a thrown thing is a system call's error, optionally one of the given codes (`ENOENT`, …). Told by the form of its
 * code: Bun does not name the system call in all of them, and Node's own errors are `ERR_` and more.
 */
export function isErrnoException(
  thrown: unknown,
  ...codes: readonly string[]
): thrown is NodeJS.ErrnoException {
  if (!(thrown instanceof Error) || !('code' in thrown) || typeof thrown.code !== 'string') return false;
  return codes.length === 0 ? /^E[A-Z\d]+$/.test(thrown.code) : codes.includes(thrown.code);
}

/** Several errors as one, for work that goes on after a failure (DEL, GC). The first one's code stands for all. */
export function joinErrors(errors: readonly unknown[]): CniError | undefined {
  const all = errors.map(asCniError);
  const [first] = all;
  if (first === undefined || all.length === 1) return first;
  const details = all.map((error) => error.details).filter((text) => text !== '');
  return new CniError(first.code, all.map((error) => error.message).join('; '), details.join('\n'));
}

/** A value as it can stand in a message: JSON, cut to a length that a log line bears. */
export function show(value: unknown, limit = 120): string {
  const text = textOf(value);
  return text.length <= limit ? text : `${text.slice(0, limit)}… (${text.length} characters)`;
}

function textOf(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  try {
    return JSON.stringify(value) ?? String(value);
  } catch {
    // Deeper nesting than the stack bears: JSON.parse takes it, JSON.stringify and a list's toString do not.
    return Array.isArray(value) ? '[…]' : '{…}';
  }
}

export function isCniError(thrown: unknown, code: number): thrown is CniError {
  return thrown instanceof CniError && thrown.code === code;
}

/**
 * Does all of the work, whatever of it fails, in order.
 * @throws CniError for all failures together
 */
export async function doAll(work: readonly (() => Promise<void>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of work) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  const error = joinErrors(errors);
  if (error) throw error;
}
