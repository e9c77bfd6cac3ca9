/** Which test files run in the virtual machines, and in which of them. */
import { globSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inFull } from '../../support/pace.ts';
import { cacheDir, repoRoot } from './machine.ts';

/**
 * What a kernel, its tools and their versions can change. Not here: what is about the executable, its installation,
 * its results' form, odd configs, and the tests' own support, which the host's run says as well. Everything takes ten
 * to twenty times longer than there, so most of these files repeat some of their cases only (sampled, spotChecks,
 * isNewHere, roundsOf); `make test-full` repeats all.
 */
const patterns = [
  'test/e2e/{ipvlan,sriov}/**/*.test.ts',
  'test/e2e/veth-bridge/{masquerade,vlan}.test.ts',
  // Where the kernel's own datapath forwards.
  'test/e2e/ovs/{connectivity,datapath,limits}.test.ts',
  'test/e2e/robust/clock.test.ts',
  'test/e2e/runtime/conf-examples.test.ts',
  // The guide's pages about ipvlan and SR-IOV.
  'test/e2e/people/guide.test.ts',
  'test/e2e/explain/twins.test.ts',
  // For `make test-full` alone: the host's run says nearly as much in a twentieth of the time.
  ...(inFull
    ? [
        'test/e2e/{hostile,robust/{children,parallel},ovs/vlan}.test.ts',
        'test/e2e/{veth-bridge,macvlan}/**/*.test.ts',
      ]
    : []),
];

const hostAlone = [
  'test/e2e/veth-bridge/result.test.ts',
  // Shared with ipvlan, which the virtual machine alone has.
  'test/e2e/macvlan/{attachment,links,robust}.test.ts',
];

/**
 * Paths from the project's root.
 * @param words parts of paths, to run those files only: PLUMBLINE_VM_FILES
 */
export function suiteFiles(words = process.env['PLUMBLINE_VM_FILES'] ?? ''): readonly string[] {
  const wanted = words.split(/[\s,]+/).filter(Boolean);
  return globSync(patterns, { cwd: repoRoot, exclude: hostAlone })
    .filter((file) => wanted.length === 0 || wanted.some((word) => file.includes(word)))
    .sort();
}

const durationsFile = join(cacheDir, 'durations.json');

type Durations = Readonly<Record<string, number>>;

/** What an earlier run took somewhere, for the first one here: files are shared out by it. */
const firstGuess = join(import.meta.dirname, 'durations.json');

function readDurations(file: string): Durations {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Durations;
  } catch {
    return {};
  }
}

/** Seconds that each file took in the last run; a guess by its size where there was none. */
function durations(files: readonly string[]): ReadonlyMap<string, number> {
  const known: Durations = { ...readDurations(firstGuess), ...readDurations(durationsFile) };
  return new Map(files.map((file) => [file, known[file] ?? statSync(join(repoRoot, file)).size / 150]));
}

/** Shares files out so that all machines end at about the same time: the longest first, each to the one with least. */
export function shareOut(files: readonly string[], machines: number): readonly (readonly string[])[] {
  const seconds = durations(files);
  const secondsOf = (file: string): number => seconds.get(file) ?? 0;
  const shares = Array.from({ length: Math.min(machines, files.length) }, () => ({
    files: [] as string[],
    total: 0,
  }));
  for (const file of files.toSorted((a, b) => secondsOf(b) - secondsOf(a))) {
    const least = shares.reduce((a, b) => (b.total < a.total ? b : a));
    least.files.push(file);
    least.total += secondsOf(file);
  }
  return shares.map((share) => share.files);
}

export function rememberDurations(measured: ReadonlyMap<string, number>): void {
  const files = [...new Set([...suiteFiles(''), ...measured.keys()])];
  const old = durations(files);
  const all = files.map((file) => [file, Math.round(measured.get(file) ?? old.get(file) ?? 0)]);
  writeFileSync(durationsFile, `${JSON.stringify(Object.fromEntries(all), undefined, 2)}\n`);
}
