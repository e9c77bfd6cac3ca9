/**
 * A NIC's virtual functions, for the node of a measurement. The NIC must be named, and be nobody's: its functions are
 * made anew, and it leaves the machine's own network for as long as it is measured.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { systemPath } from '../support/paths.ts';
import { eventually } from '../support/place.ts';
import type { Station } from './station.ts';

/** The NIC's name. */
const variable = 'PLUMBLINE_BENCH_PF';

/** Two for the plugin, a container that stays and one that comes and goes, and two for what is made by hand. */
const count = 4;

/** Names of the functions of what is made by hand; the plugin takes those that come first. */
const byHandFrom = 2;

const deviceOf = (pf: string): string => `/sys/class/net/${pf}/device`;

/** What this machine lacks, in words; undefined where all is there. */
export function lackOfFunctions(): string | undefined {
  const pf = process.env[variable];
  if (!pf) return `no NIC with SR-IOV that nobody uses is named by ${variable}`;
  const file = `${deviceOf(pf)}/sriov_totalvfs`;
  const total = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  return total >= count ? undefined : `${variable}: ${pf} has ${total} virtual functions, not ${count}`;
}

/**
 * Makes the functions, and moves them and their NIC to the node.
 * @param names that the NIC gets, and those functions that are given by hand
 */
export async function plugFunctions(
  { node }: Station,
  names: { readonly pf: string; readonly byHand: (host: number) => string },
): Promise<AsyncDisposable> {
  const pf = process.env[variable] ?? '';
  const device = realpathSync(deviceOf(pf));
  const setNumber = (number: number): void => writeFileSync(`${device}/sriov_numvfs`, `${number}`);
  const linkOf = (index: number): string | undefined => namesIn(`${device}/virtfn${index}/net`)[0];
  const move = (from: string, to: string): void => {
    const args = ['link', 'set', from, 'netns', `/proc/${node.pid}/ns/net`, 'name', to];
    execFileSync('ip', args, { env: { PATH: systemPath } });
  };
  const goHome = async (): Promise<void> => {
    setNumber(0);
    await node.try('ip', 'link', 'set', names.pf, 'netns', `/proc/${process.pid}/ns/net`, 'name', pf);
  };

  setNumber(0);
  setNumber(count);
  const indices = Array.from({ length: count }, (_, index) => index);
  if (!(await eventually(async () => indices.every((index) => linkOf(index) !== undefined), 10_000)))
    throw new Error(`${pf} has not got its ${count} functions`);
  for (const index of indices) {
    const host = index - byHandFrom + 1;
    move(linkOf(index) ?? '', host > 0 ? names.byHand(host) : `free${index}`);
  }
  move(pf, names.pf);
  await node.run('ip', 'link', 'set', names.pf, 'up');
  const carrier = `/sys/class/net/${names.pf}/carrier`;
  if (!(await eventually(async () => (await node.try('cat', carrier)).stdout === '1', 10_000))) {
    await goHome();
    throw new Error(`${pf} has no carrier: is it connected?`);
  }
  return { [Symbol.asyncDispose]: goHome };
}

function namesIn(folder: string): readonly string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
