/**
 * The one way in which plumbline runs other programs. A real runner and, in tests, a recording one stand behind it.
 */
import { runtime } from '#runtime';
import { holdText } from './held.ts';
import { makePrintFiles, type PrintFiles } from './printed.ts';
import { findTool, hasTool } from './tools.ts';

/**
 * Stands in a list of arguments for the path of a file that holds the input. The file belongs to this process, so
 * the path dies with it: a child that outlives a killed plugin, and has only waited for a lock, finds nothing to do.
 */
export const INPUT: unique symbol = Symbol('input');

/**
 * An argument: text, the path of the input, or a program that is looked for as the first one is (flock runs ip,
 * nsenter runs sh). Text is always passed as it stands, so nothing from outside can pose as one of the other two.
 */
export type Arg = string | typeof INPUT | { readonly tool: string };

/** A program with its arguments, as {@link Runner.run} takes them. */
export type CommandLine = readonly [program: string, args: readonly Arg[]];

export interface RunOptions {
  /** Text for the program: on its standard input, or at {@link INPUT} where an argument says so. */
  readonly input?: string;
  /** File descriptors of ours that the child has as 3, 4, … */
  readonly inherit?: readonly number[];
  /** Milliseconds after which the child is killed; none by default. */
  readonly timeout?: number;
  /**
   * The caller has work to do while the program runs: it has been started when the call returns, and the promise is
   * waited for later. For programs that print little text: none is ended for what it prints. Where there is no room for that
   * in the folder of the input, it is waited for as usual, and its output is not told of.
   */
  readonly beside?: {
    /** Told once, of the first that it prints: a tool prints when what it tells of has been done. */
    readonly onOutput?: () => void;
  };
  /** The child's environment, where it is not the bare one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface RunResult {
  /** Exit status; 128 + number where a signal ended the program, as a shell tells it. */
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Runner {
  /**
   * Runs a program to its end, whatever its exit status.
   * @param program a name, looked for in PATH and the usual places
   * @throws CniError 100 when it is not installed
   */
  run(program: string, args: readonly Arg[], options?: RunOptions): Promise<RunResult>;
  /** Whether a program is installed, for work that can be left out without it. */
  has(program: string): boolean;
  /** flock(2) without a child, for lock.ts: of the runtime (lib/runtime), where it has that. */
  readonly tryLock?: ((fd: number) => boolean) | undefined;
  /** setns(2) without a child, for ip: of the runtime (lib/runtime), where it has that. */
  readonly within?: typeof runtime.within | undefined;
}

export interface RunnerOptions {
  /** The caller's PATH; the usual places are searched after it. */
  readonly searchPath: string | undefined;
  /** Folder for the files behind {@link INPUT}; made when first needed. */
  readonly runDir: string;
}

/** Output beyond this ends the child; a full dump of a large node is some tens of MiB. */
const maxOutput = 256 * 1024 * 1024;

/** The runner that really runs. */
export function realRunner({ searchPath, runDir }: RunnerOptions): Runner {
  const tool = (name: string): string => findTool(name, searchPath);
  return {
    has: (program) => hasTool(program, searchPath),
    tryLock: runtime.tryLock,
    within: runtime.within,
    async run(program, args, options = {}) {
      using held = options.input === undefined ? undefined : holdText(runDir, options.input);
      const byPath = held !== undefined && args.includes(INPUT);
      // Where there is no room for them, it is waited for as any other.
      using files = options.beside === undefined ? undefined : makePrintFiles(runDir);
      const child = runtime.runChild(
        tool(program),
        args.map((arg) => {
          if (typeof arg === 'string') return arg;
          return arg === INPUT ? (held?.path ?? '/dev/null') : tool(arg.tool);
        }),
        {
          stdio: [
            held && !byPath ? held.fd : 'ignore',
            files?.stdout ?? 'pipe',
            files?.stderr ?? 'pipe',
            ...(options.inherit ?? []),
          ],
          env: options.env ?? bareEnvironment,
          maxBuffer: maxOutput,
          timeout: options.timeout,
        },
      );
      if (files === undefined) return await child;
      using _look = options.beside?.onOutput && lookForOutput(files, options.beside.onOutput);
      const { status } = await child;
      return { status, ...files.read() };
    },
  };
}

/**
 * Milliseconds until the next look at what a child has printed. A look takes hundredths of one, so there are few: where hundreds
 * of calls wait for the kernel, each would keep the others from their work.
 */
const nextLook = (waited: number): number => Math.max(1, waited / 4);

/** @param onOutput told once: at the latest at the end, when what is returned is disposed of */
function lookForOutput(files: PrintFiles, onOutput: () => void): Disposable {
  let isTold = false;
  const look = (): void => {
    if (isTold || !files.hasPrinted()) return;
    isTold = true;
    onOutput();
  };
  const begin = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const lookAgain = (): void => {
    look();
    if (!isTold) timer = setTimeout(lookAgain, nextLook(performance.now() - begin));
  };
  timer = setTimeout(lookAgain, nextLook(0));
  return {
    [Symbol.dispose]() {
      clearTimeout(timer);
      look();
    },
  };
}

/** Children get nothing of the caller's environment: it is the runtime's, and could steer them. */
export const bareEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
};
