/** Runs a page of the guide: its commands in order, in one shell, as whoever reads it would type them. */
import { execa } from 'execa';
import { blocksOf } from '../../support/documents.ts';
import { binDir, pace } from '../../support/index.ts';
import { placeEnvironment } from '../../support/place.ts';

/** One command of a page, and what is to come of it. */
interface Step {
  readonly line: number;
  readonly script: string;
  /** What it prints; undefined where the page does not say. */
  readonly shown: readonly string[] | undefined;
}

/** Blocks of kind sh are commands; of kind console, commands after `$ ` and what they print. Others are to look at. */
export function stepsOf(page: string): readonly Step[] {
  return blocksOf(page).flatMap(({ kind, text, line }): readonly Step[] => {
    if (kind === 'sh') return [{ line, script: text.replaceAll(/^! (.*)$/gm, failing), shown: undefined }];
    if (kind !== 'console') return [];
    return text.split(/^\$ /m).flatMap((part, index): readonly Step[] => {
      const [command = '', ...shown] = part.trimEnd().split('\n');
      if (index === 0) return [];
      const before = text.split(/^\$ /m).slice(0, index).join('$ ').split('\n').length - 1;
      return [{ line: line + before, script: `{ ${command}\n} 2>&1 || :\n`, shown }];
    });
  });
}

/** `!` before a command does not end a shell where the command succeeds; this does. */
const failing = (_line: string, command: string): string =>
  `if ${command}; then echo "did not fail: ${command.replaceAll(/["$`\\]/g, '\\$&')}" >&2; exit 1; fi`;

export interface Told {
  /** What went wrong, with the page's line; undefined where all is as the page says. */
  readonly fault: string | undefined;
}

/**
 * @param start the command line of the shell
 * @param before commands that precede the page's
 * @param cwd where files that the page writes are put
 */
export async function runPage(
  page: string,
  start: readonly string[],
  before: string,
  cwd: string,
): Promise<Told> {
  const steps = stepsOf(page);
  const marked = steps.map(({ script, line }) => `echo; echo "## line ${line}"\n${script}`);
  const script = ['set -e', `cd '${cwd}'`, before, ...marked, 'echo; echo "## end"', ''].join('\n');
  const [program = '', ...args] = start;
  const { stdout, stderr } = await execa(program, [...args, '-c', script], {
    reject: false,
    stripFinalNewline: false,
    timeout: 60_000 * pace,
    env: { ...placeEnvironment, PATH: `${binDir}:${placeEnvironment['PATH']}`, HOME: cwd },
  });
  const said = stdout.split(/\n## (?:line \d+|end)\n/).slice(1);
  if (!stdout.endsWith('\n## end\n')) {
    const at = steps[said.length - 1];
    return { fault: `line ${at?.line}: ${at?.script}\n${said.at(-1) ?? stdout}${stderr}` };
  }
  const wrong = steps.find(({ shown }, index) => shown !== undefined && !isLike(said[index] ?? '', shown));
  const printed = said[wrong === undefined ? 0 : steps.indexOf(wrong)];
  return {
    fault:
      wrong &&
      `line ${wrong.line}: ${wrong.script}printed\n${printed}\nthe page has\n${wrong.shown?.join('\n')}`,
  };
}

/** Whether it is what a page shows: blanks count as one, `…` stands for anything in a line, or alone for any lines. */
function isLike(printed: string, shown: readonly string[]): boolean {
  const pattern = shown.map((line) =>
    line.trim() === '…' ? '(?:.*\\n)*?' : `${line.trim().split('…').map(blanks).join('.*?')} *\\n`,
  );
  return new RegExp(`^\\n*${pattern.join('')}\\n*$`).test(`${printed.replaceAll(/^ +/gm, '').trimEnd()}\n`);
}

const blanks = (text: string): string =>
  text
    .split(/\s+/)
    .map((word) => RegExp.escape(word))
    .join('\\s+');
