/** The files of conf-examples. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from './cni.ts';
import { repoRoot } from './paths.ts';

const folder = join(repoRoot, 'conf-examples');

/** All of them, by their paths in the folder: `veth-bridge/vlan.conflist`. */
export const confExamples: readonly string[] = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.conf(list)?$/.test(name))
  .sort();

/** What is in one of them. */
export const readExample = (name: string): Config =>
  JSON.parse(readFileSync(join(folder, name), 'utf8')) as Config;
