/** Calls `plumbline explain`. */
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  binDir,
  type CniResult,
  type Command,
  type Config,
  type Container,
  type Outcome,
  referenceDir,
} from '../../support/index.ts';

export interface ExplainOptions {
  readonly ifname?: string;
  readonly capabilityArgs?: object;
  /** Where it keeps files for the time that it runs. */
  readonly tmpDir?: string;
  /** Further arguments. */
  readonly more?: readonly string[];
}

/** Whatever it answers. The config is given on standard input. */
export async function tryExplain(
  { node, path, id }: Pick<Container, 'node' | 'path' | 'id'>,
  command: Command,
  config: Config,
  { ifname = 'eth0', capabilityArgs, tmpDir, more = [] }: ExplainOptions = {},
): Promise<Outcome> {
  const argv = [join(binDir, 'plumbline'), 'explain', command, '--netns', path, '--container', id];
  return node.exec([...argv, '--ifname', ifname, ...more], {
    input: JSON.stringify(config),
    env: {
      CNI_PATH: `${binDir}:${referenceDir}`,
      ...(tmpDir && { TMPDIR: tmpDir }),
      ...(capabilityArgs && { CAP_ARGS: JSON.stringify(capabilityArgs) }),
    },
  });
}

/** @returns the script */
export async function explain(...call: Parameters<typeof tryExplain>): Promise<string> {
  const { code, stdout, stderr } = await tryExplain(...call);
  expect({ code, stderr }, stdout).toEqual({ code: 0, stderr: '' });
  return stdout;
}

/** What a script says that the call would answer. */
export function answerIn(script: string): CniResult {
  const [, answer = ''] = script.split('# The call would answer:\n');
  return JSON.parse(answer.replaceAll(/^# /gm, '')) as CniResult;
}
