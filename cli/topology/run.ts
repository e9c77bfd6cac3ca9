/** `plumbline topology`: the node read, put together, and written in one of the formats. */
import { isatty } from 'node:tty';
import { CniError } from '../../lib/errors.ts';
import type { Host } from '../../lib/exec/host.ts';
import { realHost } from '../../lib/ip/real-host.ts';
import { type CliIo, CommandError } from '../command.ts';
import { visible } from '../visible.ts';
import { assemble } from './assemble.ts';
import { collectFacts } from './collect.ts';
import type { Topology } from './model.ts';
import { renderDot } from './render/dot.ts';
import { json } from './render/escape.ts';
import { renderMermaid } from './render/mermaid.ts';
import { renderTree } from './render/tree.ts';

export type Format = 'tree' | 'mermaid' | 'dot' | 'svg' | 'json';

export interface TopologyOptions {
  readonly format: Format;
  /** Folder of the networks. */
  readonly netDir: string;
}

/** @returns 0; what could not be looked at is told on standard error, and in JSON as notes */
export async function runTopology(options: TopologyOptions, io: CliIo): Promise<number> {
  const topology = await readTopology(realHost(process.env['PATH']), options.netDir);
  io.stdout.write(await render(topology, options.format));
  if (options.format !== 'json') {
    for (const note of topology.notes) io.stderr.write(`note: ${visible(note)}\n`);
  }
  return 0;
}

/** @throws CommandError where nothing can be seen at all */
export async function readTopology(host: Host, netDir: string): Promise<Topology> {
  try {
    return assemble(await collectFacts(host, { netDir, isRoot: process.geteuid?.() === 0 }));
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    throw new CommandError(error.message, { cause: error });
  }
}

/** On a terminal that knows them, unless NO_COLOR is set (no-color.org). */
function wantsColours(): boolean {
  const { NO_COLOR: no, TERM: term } = process.env;
  return isatty(1) && !no && term !== 'dumb';
}

async function render(topology: Topology, format: Format): Promise<string> {
  switch (format) {
    case 'tree':
      return renderTree(topology, wantsColours());
    case 'mermaid':
      return renderMermaid(topology);
    case 'dot':
      return renderDot(topology);
    case 'json':
      return `${json(topology)}\n`;
    case 'svg': {
      // Graphviz is more than all the other commands together: loaded for this alone.
      const { renderSvg } = await import('./render/svg.ts');
      return renderSvg(topology);
    }
  }
}
