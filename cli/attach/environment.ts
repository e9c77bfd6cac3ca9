/** What attach and detach work with. */
import { asCniError, CniError } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import { type HeldLock, lockPath, lockRunDir } from '../../lib/exec/lock.ts';
import { realHost } from '../../lib/ip/real-host.ts';
import { CommandError } from '../command.ts';
import { askOn } from '../container/ask.ts';
import type { Finder } from '../container/find.ts';

export interface Surroundings {
  readonly host: Host;
  readonly env: NodeJS.ProcessEnv;
  readonly finder: Finder;
}

export function surroundings(env: NodeJS.ProcessEnv): Surroundings {
  const host = realHost(env['PATH']);
  return { host, env, finder: { host, env, ask: askOn(env) } };
}

/** One at a time for a container: an attach that chooses a name for an interface must find it free still. */
export function lockContainer({ runner, runDir }: Host, netnsId: string): Promise<HeldLock> {
  return lockRunDir(runner, lockPath(runDir, 'container', netnsId));
}

/** Errors of plumbline's lower parts, as a command tells them. */
export async function forPeople<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    const { message, details } = asCniError(error);
    throw new CommandError(details === '' ? message : `${message}\n${details}`, { cause: error });
  }
}
