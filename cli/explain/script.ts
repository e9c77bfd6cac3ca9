/** The steps of a call as a script of sh(1) that a person can read, and run. */
import type { JsonObject } from '../../lib/cni/json.ts';
import type { Chain } from '../network/chain.ts';
import type { Call } from './call.ts';
import { netnsName } from './spaces.ts';
import type { CommandStep, Step, WriteStep } from './step.ts';
import { inComment, plain, printfFormat, quote, type Text } from './text.ts';

const width = 120;

/** A call that has been told of. */
export interface Explained {
  readonly chain: Chain;
  readonly call: Call;
  readonly steps: readonly Step[];
  /** What the last plugin of an ADD would answer. */
  readonly result: JsonObject | undefined;
}

export function scriptOf(explained: Explained): string {
  const { steps, result } = explained;
  const parts = steps.map((step, index) => {
    const isSame = steps[index - 1]?.why === step.why;
    return `${isSame ? '' : `\n${comment(step.why)}`}${shellOf(step)}\n`;
  });
  return [
    '#!/bin/sh\n',
    ...headOf(explained).map(comment),
    'set -eu\numask 022\n',
    ...(parts.length === 0 ? ['\n# Nothing: there is nothing to do.\n'] : parts),
    ...(result === undefined ? [] : [`\n${answerOf(result)}`]),
    ...(explained.call.command === 'CHECK' ? ['\n# As the node is now, CHECK finds nothing wrong.\n'] : []),
  ].join('');
}

function headOf({ chain, call, result }: Explained): string[] {
  const { command, containerId, ifname, netns } = call;
  const types = chain.plugins.map(({ type }) => type).join(', ');
  const whose =
    command === 'GC' ? '' : ` for ${ifname} of container ${containerId}${netns === '' ? '' : ` (${netns})`}`;
  return [
    `${command} of the network "${chain.name}" (${types})${whose}: what the call would do, as "plumbline explain" found the node.`,
    command === 'CHECK'
      ? 'CHECK changes nothing: these are its questions, each with what the answer is compared with.'
      : 'Nothing of it has been done. As root on this node it does the same by hand; nobody else should work on the network meanwhile, since the locks of the plugins are left out.',
    ...addressesOf(result).map((address) => `Address: ${address}`),
  ];
}

function addressesOf(result: Explained['result']): readonly string[] {
  const ips = result?.['ips'];
  return (Array.isArray(ips) ? ips : []).map(({ address, gateway }: Record<string, unknown>) =>
    gateway === undefined ? String(address) : `${String(address)}, gateway ${String(gateway)}`,
  );
}

function answerOf(result: NonNullable<Explained['result']>): string {
  const lines = JSON.stringify(result, undefined, 2).split('\n');
  return ['The call would answer:', ...lines].map((line) => `# ${inComment(line)}\n`).join('');
}

/** A comment, its lines no longer than a screen. */
function comment(text: string): string {
  const lines: string[] = [];
  for (const word of inComment(text).split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= width - 3) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line) => `# ${line}\n`).join('');
}

/** One step as a shell runs it. */
export function shellOf(step: Step): string {
  switch (step.kind) {
    case 'command':
    case 'read':
      return commandOf(step);
    case 'setting':
      return inside(step.netns, `echo ${quote(step.value)} > ${quote(step.path)}`);
    case 'write':
      return writingOf(step);
    case 'folder':
      return brokenUp(['mkdir -p -m', octal(step.mode), ...step.paths.map(quote)]);
    case 'remove':
      return `rm -f ${quote(step.path)}`;
    case 'remove-folder':
      return `rmdir ${quote(step.path)}`;
    case 'stop':
      return 'exit 1';
  }
}

const octal = (mode: number): string => mode.toString(8).padStart(3, '0');

/** The path of a namespace and a line of shell that runs in it. */
function inside(netns: string | undefined, line: string): string {
  return netns === undefined ? line : `nsenter --net=${quote(netns)} sh -c ${quote(line)}`;
}

function commandOf({ argv, netns, input, env = {}, mayFail }: CommandStep): string {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${quote(value)}`);
  const words = [...variables, ...entering(argv, netns).map(quote), ...(mayFail ? ['||', ':'] : [])];
  const line = brokenUp(words);
  return input === undefined ? line : `${line} ${hereDocument(input)}`;
}

/** ip and bridge enter a namespace by themselves, where it has a name. */
function entering(argv: readonly Text[], netns: string | undefined): readonly Text[] {
  if (netns === undefined) return argv;
  const name = netnsName(netns);
  const [program = '', ...rest] = argv;
  return name !== undefined && (program === 'ip' || program === 'bridge')
    ? [program, '-n', name, ...rest]
    : ['nsenter', `--net=${netns}`, ...argv];
}

/** A long command has a line for each of its parts. */
function brokenUp(words: readonly string[]): string {
  const line = words.join(' ');
  if (line.length <= width) return line;
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || word === '--' || last.length + word.length > width - 4) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join(' \\\n  ');
}

/** Text as it stands, to a last line that is none of its own. */
function hereDocument(text: string): string {
  const lines = text.replace(/\n$/, '').split('\n');
  let end = 'EOF';
  while (lines.includes(end)) end += '_';
  return `<<'${end}'\n${lines.join('\n')}\n${end}`;
}

function writingOf({ path, content, mode, time, exclusive }: WriteStep): string {
  const target = quote(path);
  const text = `printf ${quote(printfFormat(content))} > ${target}`;
  const plainText = /\n$/.test(content) && /^[^\p{Cc}]*$/u.test(content.replaceAll('\n', ''));
  const write =
    content === '' ? `: > ${target}` : plainText ? `cat > ${target} ${hereDocument(content)}` : text;
  return [
    // With -C the shell makes no file that is there already.
    exclusive ? `(set -C; ${text})` : write,
    ...(mode === 0o644 ? [] : [`chmod ${octal(mode)} ${target}`]),
    ...(time === undefined ? [] : [`touch -d @${time} ${target}`]),
  ].join('\n');
}

/** The same for programs: what is late stands as the shell's expression. */
export function stepsAsJson({ chain, call, steps, result }: Explained): string {
  const { command, containerId, ifname, netns } = call;
  const plainly = steps.map(({ why, ...step }) => ({
    ...fieldsOf(step),
    comment: why,
    shell: shellOf({ why, ...step } as Step),
  }));
  return `${JSON.stringify({ network: chain.name, command, containerId, netns, ifname, steps: plainly, result }, undefined, 2)}\n`;
}

function fieldsOf(step: Omit<Step, 'why'>): object {
  return Object.fromEntries(
    Object.entries(step).map(([key, value]: [string, unknown]) => {
      if (key === 'argv' || key === 'paths') return [key, (value as readonly Text[]).map(plain)];
      return [key, key === 'path' ? plain(value as Text) : value];
    }),
  );
}
