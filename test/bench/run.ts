/**
 * Measures our plugins, in each of our builds, beside the reference's, in one run.
 *
 * Usage (root; `make bench`): node test/bench/run.ts [--rounds N] [--only PATTERN] [--sections LIST] [--out DIR]
 *                                                    [--name NAME] [--readme FILE] [--before DIR]
 *
 * Prints the tables and writes them to DIR (test/bench/results/): NAME.md (latest.md) for people, NAME.json for programs,
 * and NAME-growth.svg. A whole run keeps the JSON of the one before as previous.json and says whether both agree; with
 * --readme it puts its main table into that file. PATTERN is a regular expression of scenarios, by plugin and title: they
 * alone are measured then, call by call; LIST names sections (sections.ts).
 * --before is the folder `dist` of another checkout, built: its executables are called in turns with these.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { isExecutable } from '../support/paths.ts';
import { compareRuns } from './agreement.ts';
import { neededExecutables } from './contenders.ts';
import { drawGrowth } from './growth-plot.ts';
import { describeMachine } from './machine.ts';
import { executables, readWhole } from './page-cache.ts';
import { putTable } from './readme.ts';
import { emptyReport, formatReport, type Report } from './report.ts';
import { measureSection, type Section, type Settings, sections } from './sections.ts';
import { judge, missed } from './targets.ts';

async function measure(names: readonly Section[], settings: Settings): Promise<Report> {
  const report = { ...emptyReport, machine: describeMachine(), rounds: settings.rounds };
  const durations: Record<string, number> = {};
  for (const name of names) {
    const begin = performance.now();
    Object.assign(report, await measureSection[name](settings));
    durations[name] = Math.round((performance.now() - begin) / 1000);
  }
  return { ...report, durations };
}

function progress(what: string): void {
  process.stderr.write(`${(performance.now() / 1000).toFixed(0).padStart(4)} s  ${what}\n`);
}

function refuseIncomplete(): void {
  if (process.getuid?.() !== 0) throw new Error('the measurements make network namespaces: run them as root');
  for (const file of neededExecutables()) {
    if (!isExecutable(file))
      throw new Error(`there is no ${file}: make build; apt-get install containernetworking-plugins`);
  }
}

const isSection = (name: string): name is Section => sections.some((section) => section === name);

/** The report of an earlier run, if it is of the same form as ours. */
function readReport(file: string): Report | undefined {
  if (!existsSync(file)) return undefined;
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  return report.form === emptyReport.form ? report : undefined;
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '30' },
    only: { type: 'string' },
    sections: { type: 'string' },
    out: { type: 'string', default: join(import.meta.dirname, 'results') },
    name: { type: 'string', default: 'latest' },
    readme: { type: 'string' },
    before: { type: 'string' },
  },
});
refuseIncomplete();
const isWhole = values.only === undefined && values.sections === undefined;
const wanted = values.sections?.split(',') ?? (values.only === undefined ? sections : ['calls']);
for (const name of wanted)
  if (!isSection(name)) throw new Error(`--sections: ${name}, expected some of ${sections.join(',')}`);

const file = (suffix: string): string => join(values.out, `${values.name}${suffix}`);
const plot = `${values.name}-growth.svg`;
const earlier = isWhole ? readReport(file('.json')) : undefined;
readWhole(executables(values.before));
const measured = await measure(wanted.filter(isSection), {
  rounds: Number(values.rounds),
  progress,
  ...(values.only === undefined ? {} : { only: new RegExp(values.only) }),
  ...(values.before === undefined ? {} : { before: values.before }),
});
const judgements = isWhole ? judge(measured) : [];
const report: Report = {
  ...measured,
  targets: judgements,
  ...(earlier === undefined ? {} : { agreement: compareRuns(measured, earlier) }),
};

mkdirSync(values.out, { recursive: true });
if (earlier !== undefined) {
  const previous = values.name === 'latest' ? 'previous' : `${values.name}-previous`;
  renameSync(file('.json'), join(values.out, `${previous}.json`));
}
const text = formatReport(report, plot);
writeFileSync(file('.md'), text);
writeFileSync(file('.json'), `${JSON.stringify(report, undefined, 2)}\n`);
if (report.growth.length > 0) writeFileSync(join(values.out, plot), drawGrowth(report.growth));
if (isWhole && values.readme !== undefined) putTable(values.readme, report);
console.log(text);
for (const { what, build } of missed(judgements)) progress(`NOT MET: ${what}, ${build}`);
progress('done');
