/** Namespaces that somebody has named without a runtime: by name, path or PID. */
import { existsSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { digest } from '../../lib/exec/digest.ts';
import { canBeContainer, type Match } from './match.ts';

/** Where `ip netns` keeps its names. */
export const netnsFolder = '/run/netns';

/** What a match says it is known by where no runtime was asked. */
export const withoutRuntime: readonly string[] = ['netns', 'path', 'PID'];

/** @param named has a `/` */
export function matchPath(named: string): Match {
  const path = plainPath(named);
  const pid = /^\/proc\/(\d+)\/ns\/net$/.exec(path)?.[1];
  return pid === undefined ? matchOf('path', path) : matchPid(pid);
}

/** A name of `ip netns`, and a process's number; each where there is such a one. */
export function matchNames(named: string): readonly Match[] {
  const path = `${netnsFolder}/${named}`;
  return [
    ...(named !== '.' && named !== '..' && existsSync(path) ? [matchOf('netns', path)] : []),
    ...(/^[1-9]\d*$/.test(named) && existsSync(`/proc/${named}`) ? [matchPid(named)] : []),
  ];
}

const matchPid = (pid: string): Match => ({
  by: 'PID',
  id: `pid-${pid}`,
  name: '',
  isExact: true,
  netns: [`/proc/${pid}/ns/net`],
  state: 'running',
});

function matchOf(by: string, path: string): Match {
  const name = basename(path);
  const isNamed = dirname(path) === netnsFolder && canBeContainer(name) && name.length <= 255;
  return {
    by,
    // The one of another path is as long as it has to be to tell it from others.
    id: isNamed ? name : `netns-${digest(12, path)}`,
    name: isNamed ? '' : path,
    isExact: true,
    netns: [linkedPath(path)],
    state: 'running',
  };
}

/** Where a link leads, as --expose makes them: it may go before what was attached by it. */
function linkedPath(path: string): string {
  // Those of /proc lead to no path.
  if (path.startsWith('/proc/')) return path;
  try {
    return resolve(dirname(path), readlinkSync(path));
  } catch {
    return path;
  }
}

/** Whichever way a folder was reached: /var/run is /run. The last step may be a link to a namespace, and stays. */
export function plainPath(named: string): string {
  const path = resolve(named);
  try {
    return `${realpathSync(dirname(path))}/${basename(path)}`.replace(/^\/\//, '/');
  } catch {
    return path;
  }
}
