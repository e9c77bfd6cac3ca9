/** A picture, drawn by Graphviz, which comes as WebAssembly within the executable: no program, browser or network is asked. */
import { instance } from '@viz-js/viz';
import type { Topology } from '../model.ts';
import { renderDot } from './dot.ts';

const fonts = 'ui-monospace,Menlo,DejaVu Sans Mono,Liberation Mono,monospace';

export async function renderSvg(topology: Topology): Promise<string> {
  const graphviz = await instance();
  const picture = graphviz.renderString(renderDot(topology), { engine: 'dot', format: 'svg' });
  // The same width, and easier to read, where there is one of these; no text of a label has such quotes.
  return picture
    .replace('<svg ', '<svg role="img" aria-label="Bridges, ports and containers of a node" ')
    .replaceAll('font-family="Courier,monospace"', `font-family="${fonts}"`);
}
