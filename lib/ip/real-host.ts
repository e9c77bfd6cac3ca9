/** The machine as it is: what every real call works on, of a runtime's or a person's. */
import type { Host } from '../exec/host.ts';
import * as kernel from '../exec/kernel.ts';
import { realRunner } from '../exec/runner.ts';
import { openNetns } from './netns.ts';

const runDir = '/run/plumbline';
const stateDir = '/var/lib/cni/plumbline';

/** @param searchPath the caller's PATH */
export function realHost(searchPath: string | undefined): Host {
  return {
    runner: realRunner({ searchPath, runDir }),
    kernel,
    runDir,
    stateDir,
    executable: '/proc/self/exe',
    openNetns,
  };
}
