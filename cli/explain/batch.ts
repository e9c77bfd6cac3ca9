/** A batch of ip, bridge or tc: its reads are answered, by the machine or by the steps so far; its writes become steps. */
import { isObject, type JsonObject } from '../../lib/cni/json.ts';
import { parseDocument } from '../../lib/ip/document.ts';
import { apply } from './changes.ts';
import { type Answer, isLink, type LinkJson, type Links, linkIn, Refusal } from './links.ts';
import type { Plan } from './plan.ts';
import type { Space } from './spaces.ts';

export interface Batch {
  readonly program: string;
  readonly flags: readonly string[];
  readonly space: Space;
  readonly lines: readonly (readonly string[])[];
}

export function linesOf(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(' '));
}

/** What reads has one of these verbs, whatever its object (ip(8), bridge(8), tc(8)). */
export const isRead = ([, verb = '']: readonly string[]): boolean => ['show', 'list', 'get'].includes(verb);

/** As ip does it: a line after the other, up to the first that fails, or all where it is forced. */
export async function runBatch(plan: Plan, batch: Batch): Promise<Answer> {
  const { flags, lines } = batch;
  const documents: string[] = [];
  const faults: string[] = [];
  for (const [index, line] of lines.entries()) {
    try {
      const document = await runLine(plan, batch, line);
      if (document !== undefined) documents.push(`${document.trim()}\n`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      faults.push(`${error.message}\nCommand failed -:${index + 1}\n`);
      if (!flags.includes('-force')) break;
    }
  }
  return { status: faults.length > 0 ? 1 : 0, stdout: documents.join(''), stderr: faults.join('') };
}

async function runLine(
  plan: Plan,
  { program, flags, space }: Batch,
  line: readonly string[],
): Promise<string | undefined> {
  if (isRead(line)) {
    plan.read({ argv: [program, ...line], netns: space.path });
    return answer(plan.links, program, space, line);
  }
  await apply(plan.links, space, line);
  const argv = [program, ...line.map((word) => plan.word(word))];
  plan.run({ argv, netns: space.path, mayFail: flags.includes('-force') || undefined }, line);
  return undefined;
}

/** @throws Refusal with the program's own words */
async function answer(
  links: Links,
  program: string,
  space: Space,
  line: readonly string[],
): Promise<string | undefined> {
  const device = line.includes('dev') ? (line[line.indexOf('dev') + 1] ?? '') : undefined;
  const fate = device === undefined ? undefined : links.fate(space, device);
  if (fate === null) throw new Refusal(`Device "${device}" does not exist.`);
  const planned = fate && answerOfPlanned(links, program, line, fate);
  if (planned !== undefined) return planned;
  const read = await links.ask(space, [program, ...(program === 'ip' ? ['-details'] : []), '-json', ...line]);
  if (read.status !== 0) throw new Refusal(read.stderr.trim());
  if (device === undefined && line[0] === 'address') return withTouched(links, space, read.stdout);
  if (line[0] === 'link' && device !== undefined) return withFunctions(links, read.stdout, fate);
  return read.stdout.trim() === '' ? undefined : read.stdout;
}

/** A question about a link that the steps have touched; undefined where the machine still has the answer. */
function answerOfPlanned(
  links: Links,
  program: string,
  line: readonly string[],
  fate: LinkJson,
): string | undefined {
  if (program === 'tc') return limitsOf(line);
  if (line[0] === 'address') return JSON.stringify([fate]);
  // Made by the steps: the machine does not know it.
  if (!links.newIndices.has(Number(fate['ifindex']))) return undefined;
  return line[0] === 'link' ? JSON.stringify([fate]) : '[]';
}

/** Open vSwitch sets the limits of a port that it makes; whether the kernel has what it needs for that shows only then. */
function limitsOf([object]: readonly string[]): string {
  return JSON.stringify(object === 'qdisc' ? [{ kind: 'htb' }] : [{ kind: 'matchall' }]);
}

/** All links of a namespace, as they would be by now. */
function withTouched(links: Links, space: Space, document: string): string {
  const all: unknown = parseDocument(document);
  const untouched = (Array.isArray(all) ? all : [])
    .filter(isLink)
    .filter(({ ifname }) => links.fate(space, ifname) === undefined);
  return JSON.stringify([...untouched, ...links.touched(space)]);
}

/** A NIC with the settings of its virtual functions. */
function withFunctions(links: Links, document: string, fate: LinkJson | undefined): string {
  const read = linkIn(document);
  const list = read?.['vfinfo_list'];
  if (read === undefined || !Array.isArray(list)) return document;
  const changed = list.filter(isObject).map((vf) => {
    const settings = links.functions.get(`${read.ifname} ${String(vf['vf'])}`) ?? {};
    const rate = {
      ...(vf['rate'] as JsonObject | undefined),
      ...(settings['rate'] as JsonObject | undefined),
    };
    return { ...vf, ...settings, ...('rate' in vf || 'rate' in settings ? { rate } : {}) };
  });
  return JSON.stringify([{ ...read, ...fate, vfinfo_list: changed }]);
}
