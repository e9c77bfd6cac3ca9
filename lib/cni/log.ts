/** Log lines: one an event, JSON, to standard error or the config's `logFile`. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { show } from '../errors.ts';
import type { Runner } from '../exec/runner.ts';
import type { PluginCommand } from './request.ts';

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Names that the peers use for a level. */
const aliases: Readonly<Record<string, LogLevel>> = { panic: 'error', warning: 'warn', verbose: 'debug' };

export interface Log {
  readonly level: LogLevel;
  log(level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface LogOptions {
  readonly level: string | undefined;
  readonly file: string | undefined;
  readonly command: PluginCommand;
  readonly containerId: string;
  readonly plugin: string;
  /** Takes the lines where no file is named. */
  readonly stderr: (line: string) => void;
}

export function createLog(options: LogOptions): Log {
  const named = options.level?.toLowerCase();
  const known = named === undefined ? undefined : levelOf(named);
  const level = known ?? 'warn';
  // A relative path would depend on the folder that the runtime happens to be in.
  const file = options.file?.startsWith('/') ? options.file : undefined;
  const write = (line: string): void => (file ? append(file, line, options.stderr) : options.stderr(line));
  const log: Log['log'] = (at, message, fields = {}) => {
    if (logLevels.indexOf(at) > logLevels.indexOf(level)) return;
    const { plugin, command, containerId } = options;
    write(
      JSON.stringify({
        time: new Date().toISOString(),
        level: at,
        plugin,
        command,
        containerId,
        message,
        ...fields,
      }),
    );
  };
  if (named && known === undefined) {
    log('warn', `logLevel: ${show(options.level)} is none of ${logLevels.join(', ')}; using ${level}`);
  }
  if (options.file && file === undefined) {
    log('warn', `logFile: ${show(options.file)} is no absolute path; using standard error`);
  }
  return { level, log };
}

function levelOf(name: string): LogLevel | undefined {
  return (
    logLevels.find((level) => level === name) ?? (Object.hasOwn(aliases, name) ? aliases[name] : undefined)
  );
}

/** O_NOFOLLOW and no truncation: the path may come from an object that a namespace's user wrote. */
function append(path: string, line: string, fallback: (line: string) => void): void {
  try {
    const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
    const fd = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
    try {
      writeSync(fd, `${line}\n`);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    // A log that cannot be written must not cost a pod its network.
    fallback(line);
    fallback(
      JSON.stringify({
        level: 'warn',
        message: `logFile: ${show(path)} cannot be written`,
        error: reasonOf(error),
      }),
    );
  }
}

/** Without the path, which the system call's message repeats at any length. */
function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** For undo.ts: tells of a step that could not be taken back. */
export function reportUndo(log: Log): (what: string, error: unknown) => void {
  return (what, error) => {
    log.log('error', `undo failed: ${what}`, {
      error: error instanceof Error ? error.message : String(error),
    });
  };
}

/** A runner that tells of every program it runs. */
export function loggingRunner(runner: Runner, log: Log): Runner {
  return {
    has: runner.has,
    async run(program, args, options) {
      const begin = process.hrtime.bigint();
      const result = await runner.run(program, args, options);
      log.log('debug', 'ran', {
        program,
        args: args.map((arg) =>
          typeof arg === 'string' ? arg : typeof arg === 'symbol' ? '<input>' : arg.tool,
        ),
        input: options?.input,
        status: result.status,
        stderr: result.stderr || undefined,
        milliseconds: Number(process.hrtime.bigint() - begin) / 1e6,
      });
      return result;
    },
  };
}
