/** Tables and figures of the report. */
import type { Beside } from './beside.ts';
import { type Build, builds, type ContenderName } from './contenders.ts';
import type { Summary } from './statistics.ts';

/** What people call the contenders. */
export const labels: Readonly<Record<ContenderName, string>> = {
  pkg: 'plumbline',
  bun: 'plumbline (bun)',
  reference: 'reference',
  floor: 'floor',
};

/** Who took part in any of these, in the order of columns. */
export function columns(measures: readonly Beside[]): readonly ContenderName[] {
  return ([...builds, 'reference', 'floor'] as const).filter((name) =>
    measures.some(({ values }) => values[name] !== undefined),
  );
}

export function ratioColumns(measures: readonly Beside[]): readonly Build[] {
  return builds.filter((build) => measures.some(({ ratios }) => ratios[build] !== undefined));
}

export const ratioTitle = (build: Build): string => (build === 'pkg' ? 'ratio' : `ratio (${build})`);

/** `53.1 (50.2-61.7)`; empty where nothing was measured. */
export function spread(summary: Summary | undefined, digits = 1): string {
  if (summary === undefined) return '';
  const { median, p10, p90 } = summary;
  return `${median.toFixed(digits)} (${p10.toFixed(digits)}-${p90.toFixed(digits)})`;
}

/** A Markdown table whose columns stand under each other as text, too. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  align: 'left' | 'numbers right' = 'numbers right',
): string[] {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const isNumber = widths.map(
    (_, column) => align !== 'left' && rows.every((row) => /^([\d.]|$)/.test(row[column] ?? '')),
  );
  const line = (cells: readonly string[]): string => {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? '';
      return isNumber[column] ? cell.padStart(width) : cell.padEnd(width);
    });
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, column) =>
    isNumber[column] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return [line(head), `| ${rule.join(' | ')} |`, ...rows.map(line)];
}
