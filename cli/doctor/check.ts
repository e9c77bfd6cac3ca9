/** What doctor finds: one thing that it has looked at, and how it is. */

import { asCniError } from '../../lib/errors.ts';

/** `problem`: something does not work; `warning`: something may not, or not for long. */
export type Status = 'ok' | 'warning' | 'problem';

/** As `--json` prints it. */
export interface Check {
  /** What it is about: kernel, tools, settings, plugins, networks, addresses, Open vSwitch, NICs. */
  readonly area: string;
  readonly name: string;
  readonly status: Status;
  /** What was found. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** Makes the checks of one area. What is not as it should be has its remedy. */
export function checksOf(area: string) {
  return {
    ok: (name: string, message: string): Check => ({ area, name, status: 'ok', message }),
    warning: (name: string, message: string, remedy: string): Check => ({
      area,
      name,
      status: 'warning',
      message,
      remedy,
    }),
    problem: (name: string, message: string, remedy: string): Check => ({
      area,
      name,
      status: 'problem',
      message,
      remedy,
    }),
  };
}

/**
 * What went wrong, and what to do: errors of plumbline say it behind their last semicolon.
 * @param otherwise the remedy of an error that says none
 */
export function causeOf(thrown: unknown, otherwise: string): readonly [message: string, remedy: string] {
  const { message } = asCniError(thrown);
  const at = message.lastIndexOf('; ');
  return at < 0 ? [message, otherwise] : [message.slice(0, at), message.slice(at + 2)];
}

/** The worst of them. */
export function worstOf(checks: readonly Check[]): Status {
  const has = (status: Status): boolean => checks.some((check) => check.status === status);
  return has('problem') ? 'problem' : has('warning') ? 'warning' : 'ok';
}

/** Checks by their areas, with the remedy below what it is for. */
export function formatChecks(checks: readonly Check[]): string {
  const areas = [...new Set(checks.map(({ area }) => area))];
  const count = (status: Status): number => checks.filter((check) => check.status === status).length;
  const lines = areas.flatMap((area) => [
    area,
    ...checks.filter((check) => check.area === area).flatMap(formatCheck),
  ]);
  return [
    ...lines,
    `${count('ok')} ok, ${plural(count('warning'), 'warning')}, ${plural(count('problem'), 'problem')}`,
  ]
    .map((line) => `${line}\n`)
    .join('');
}

function formatCheck({ status, name, message, remedy }: Check): readonly string[] {
  const first = `  ${status.padEnd(7)}  ${name}: ${message}`;
  return remedy === undefined ? [first] : [first, `           -> ${remedy}`];
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
