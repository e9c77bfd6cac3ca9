/** Asks a container runtime by its own command line. */
import { delimiter } from 'node:path';
import { execa } from 'execa';

/** What a runtime's program said. */
export interface Said {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a runtime's program; undefined where it is not installed. */
export type Ask = (program: string, args: readonly string[]) => Promise<Said | undefined>;

/** A runtime that does not answer must not keep one from a container of another. */
const patience = 4_000;

/** A person's PATH may lack the folders of programs for root. */
const usualPlaces = ['/usr/local/bin', '/usr/bin', '/usr/local/sbin', '/usr/sbin', '/sbin', '/bin'];

/**
 * The runtimes' own programs, with the caller's environment: by it they know where their daemon is (DOCKER_HOST,
 * CONTAINERD_ADDRESS, CONTAINER_RUNTIME_ENDPOINT).
 */
export function askOn(env: NodeJS.ProcessEnv): Ask {
  const path = [...(env['PATH'] ?? '').split(delimiter), ...usualPlaces].filter(Boolean).join(delimiter);
  return async (program, args) => {
    const said = await execa(program, args, {
      env: { ...env, PATH: path },
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
      timeout: patience,
      killSignal: 'SIGKILL',
    });
    if (said.code === 'ENOENT') return undefined;
    const { stdout } = said;
    if (said.timedOut) return { status: 1, stdout, stderr: `no answer within ${patience / 1000} s` };
    return { status: said.exitCode ?? 1, stdout, stderr: said.stderr || (said.message ?? '') };
  };
}
