/** Programs that npm packages carry, as package-lock.json pins them, also those for another processor. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** npm's: it may need proxies and certificates, which the build takes out of its own environment. */
const callersEnvironment = { ...process.env };

const root = dirname(dirname(import.meta.dirname));

export interface Locked {
  readonly version: string;
  /** `sha512-` and the archive's digest in base64. */
  readonly integrity: string;
}

/** What package-lock.json says of a package. */
export function lockedPackage(name: string): Locked {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const locked = lock.packages[`node_modules/${name}`];
  if (locked === undefined) throw new Error(`package-lock.json has no ${name}`);
  return locked;
}

/**
 * A program of a package that npm leaves out of node_modules, since it is for another processor: npm is asked for the
 * archive alone, which is then checked against package-lock.json.
 * @param program path in the package: `bin/node`
 * @param cache   folder below .cache
 * @returns the program's path
 */
export function fetchProgram(name: string, program: string, cache: string): string {
  const { version, integrity } = lockedPackage(name);
  const folder = join(root, '.cache', cache, `${fileNameOf(name)}-${version}`);
  const path = join(folder, program);
  if (existsSync(path)) return path;
  mkdirSync(dirname(folder), { recursive: true });
  const temporary = mkdtempSync(`${folder}.`);
  try {
    execFileSync('npm', ['pack', '--silent', '--pack-destination', temporary, `${name}@${version}`], {
      cwd: temporary,
      env: callersEnvironment,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const archive = join(temporary, `${fileNameOf(name)}-${version}.tgz`);
    const digest = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
    if (digest !== integrity) throw new Error(`${name} ${version} is not what package-lock.json says it is`);
    execFileSync('tar', ['-xzf', archive, '-C', temporary, '--strip-components=1', `package/${program}`]);
    rmSync(archive);
    if (!existsSync(folder)) renameSync(temporary, folder);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return path;
}

/** As npm pack names a package's archive: `@scope/name` is scope-name. */
const fileNameOf = (name: string): string => name.replace(/^@/, '').replace('/', '-');
