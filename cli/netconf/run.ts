/** `plumbline netconf`: once, or for as long as the pod lives. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseObject } from '../../lib/cni/json.ts';
import { asCniError } from '../../lib/errors.ts';
import type { Cidr } from '../../lib/net/address.ts';
import { type CliIo, CommandError } from '../command.ts';
import { explaining } from '../explain.ts';
import { writeFiles } from '../write.ts';
import { clusterOf, readPodCidrs } from './node.ts';
import type { NetconfOptions } from './options.ts';
import { fillIn, needsPodCidrs, parsePodCidrs } from './template.ts';
import { findFaults } from './validate.ts';

const INTERVAL_MS = 10_000;

export async function runNetconf(options: NetconfOptions, io: CliIo): Promise<number> {
  const podCidrs = podCidrsOf(options);
  if (!options.watch) {
    const written = await update(options, podCidrs);
    tell(written, options, io);
    if (written.length === 0) io.stdout.write(`${options.to}: nothing to change\n`);
    return 0;
  }
  await watch(options, podCidrs, io);
  return 0;
}

/** The node's pod CIDRs, asked for once: Kubernetes never changes those of a node. */
function podCidrsOf(options: NetconfOptions): () => Promise<readonly Cidr[]> {
  let known: readonly Cidr[] | undefined;
  return async () => {
    known ??= parsePodCidrs(options.podCidrs ?? (await askFor(options)));
    return known;
  };
}

async function askFor({ node, serviceAccount }: NetconfOptions): Promise<readonly string[]> {
  if (node === undefined) {
    throw new CommandError('a template asks for podCIDR: --node or --pod-cidrs is missing');
  }
  return await readPodCidrs(clusterOf(process.env, serviceAccount), node);
}

/** @returns the paths of the files that were written */
async function update(
  { from, to }: NetconfOptions,
  podCidrs: () => Promise<readonly Cidr[]>,
): Promise<readonly string[]> {
  const files = new Map<string, string>();
  for (const [name, template] of readTemplates(from)) {
    const cidrs = needsPodCidrs(template) ? await podCidrs() : [];
    files.set(name, render(join(from, name), template, cidrs));
  }
  return writeFiles(to, files);
}

/** Content by name. A ConfigMap's files are symbolic links into a folder whose name begins with a dot. */
function readTemplates(folder: string): readonly (readonly [string, string])[] {
  return explaining(`cannot read ${folder}`, () =>
    readdirSync(folder)
      .filter((name) => !name.startsWith('.') && /\.conf(?:list)?$/.test(name))
      .sort()
      .map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const),
  );
}

function render(path: string, template: string, cidrs: readonly Cidr[]): string {
  const filled = fillIn(parse(path, template), cidrs);
  const faults = findFaults(filled);
  if (faults.length > 0) {
    throw new CommandError(faults.map((fault) => `${path}: ${fault}`).join('\n'));
  }
  return `${JSON.stringify(filled, undefined, 2)}\n`;
}

function parse(path: string, template: string) {
  try {
    return parseObject(template, path);
  } catch (error) {
    throw new CommandError(asCniError(error).message, { cause: error });
  }
}

/** A fault is told once, and what was written before stays until the fault has gone. */
async function watch(
  options: NetconfOptions,
  podCidrs: () => Promise<readonly Cidr[]>,
  io: CliIo,
): Promise<void> {
  const stop = new AbortController();
  // The first process of a container has no signals that end it, unless it asks for them.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort());
  let told = '';
  while (!stop.signal.aborted) {
    let fault = '';
    try {
      tell(await update(options, podCidrs), options, io);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      fault = error.message;
    }
    if (fault !== told && fault !== '') io.stderr.write(`${fault}\n`);
    if (fault === '' && told !== '') io.stdout.write(`${options.to}: all is well again\n`);
    told = fault;
    // It rejects when it is stopped, which the loop's condition sees as well.
    await sleep(INTERVAL_MS, undefined, { signal: stop.signal }).catch(() => undefined);
  }
}

function tell(written: readonly string[], { from }: NetconfOptions, io: CliIo): void {
  for (const path of written) io.stdout.write(`${path}: written, from ${from}\n`);
}
