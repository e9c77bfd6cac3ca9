/**
 * Docker, by `docker inspect`, and Podman, whose `inspect` prints the same fields.
 *
 * Source: docker-inspect(1), podman-inspect(1).
 */
import type { Ask } from './ask.ts';
import { type Answer, at, type Match, netnsOfPid, objectsIn, parsed, reasonOf, textAt } from './match.ts';

type Program = 'docker' | 'podman';

/** Both find a container by its name, its ID, or the beginning of it. */
export async function askDocker(ask: Ask, named: string, program: Program = 'docker'): Promise<Answer> {
  const said = await ask(program, ['inspect', '--type', 'container', named]);
  if (said === undefined) return { by: program, matches: [], why: 'not installed' };
  const matches = parseInspect(program, said.stdout, named);
  if (matches.length > 0) return { by: program, matches };
  return { by: program, matches, why: isUnknown(said.stderr) ? 'no such container' : reasonOf(said) };
}

export const askPodman = (ask: Ask, named: string): Promise<Answer> => askDocker(ask, named, 'podman');

const isUnknown = (stderr: string): boolean => /no such (?:container|object)/i.test(stderr);

/** @param stdout a list of containers, as `inspect` prints it; empty where there is none */
export function parseInspect(by: Program, stdout: string, named: string): readonly Match[] {
  return objectsIn(parsed(stdout)).map((container) => {
    const id = textAt(container, 'Id');
    // Docker has a slash before it: once there were names below others.
    const name = textAt(container, 'Name').replace(/^\//, '');
    const sandbox = textAt(container, 'NetworkSettings', 'SandboxKey');
    const pid = netnsOfPid(at(container, 'State', 'Pid'));
    return {
      by,
      id,
      name,
      isExact: [id, name].includes(named),
      // Without a process there may be a path still, of a namespace that has gone.
      netns: pid.length === 0 ? [] : [...(sandbox === '' ? [] : [sandbox]), ...pid],
      state: textAt(container, 'State', 'Status') || (pid.length > 0 ? 'running' : 'not running'),
    };
  });
}
