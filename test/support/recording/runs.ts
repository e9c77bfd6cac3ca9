/** A recorded run, read back: under which lock, in which sandbox, with which settings, and what was to be done. */
import { type Arg, INPUT, type RunOptions } from '../../../lib/exec/runner.ts';
import { bridgeGrammar, ipGrammar, iptablesGrammar, nftGrammar, tcGrammar } from './forms.ts';
import type { Grammar, Typed } from './grammar.ts';
import { type OvsdbRun, parseOvsdb } from './ovsdb.ts';
import { cutAsIpDoes, cutQuoted, joinQuoted, rules } from './words.ts';

/** What a runner was told to do. */
export interface RecordedRun {
  readonly program: string;
  readonly args: readonly Arg[];
  readonly options: RunOptions;
}

export type Action =
  | {
      readonly kind: 'ip' | 'bridge' | 'tc' | 'iptables';
      readonly flags: readonly string[];
      readonly lines: readonly Typed[];
    }
  | { readonly kind: 'nft'; readonly check: boolean; readonly lines: readonly Typed[] }
  /** A read, or another small command, all of whose words are known. */
  | { readonly kind: 'command'; readonly words: readonly string[] }
  | ({ readonly kind: 'ovsdb' } & OvsdbRun)
  | { readonly kind: 'lock' }
  | { readonly kind: 'delegate'; readonly file: string };

export interface TypedRun {
  readonly lock?: string;
  readonly sandbox?: { readonly ref: string; readonly settings: readonly string[] };
  readonly program: string;
  readonly action: Action;
}

type Unwrapped = Pick<TypedRun, 'lock' | 'sandbox'> & {
  readonly program: string;
  readonly args: readonly Arg[];
};

const lockFlags = ['--exclusive', '--wait', '60', '--conflict-exit-code', '73'];

/**
 * Reads a run back.
 * @throws when any of its words is not one that plumbline sends
 */
export function parseRun({ program, args, options }: RecordedRun): TypedRun {
  const { program: inner, args: own, ...around } = unwrap(program, args);
  return {
    ...around,
    program: inner,
    action: parseAction(inner, own, options.input ?? '', around.sandbox !== undefined),
  };
}

function unwrap(program: string, args: readonly Arg[]): Unwrapped {
  if (program === 'flock' && args[0] === '--no-fork') {
    const flags = args.slice(1, 6);
    const [lock, tool, ...rest] = args.slice(6);
    insist(
      flags.every((flag, index) => flag === lockFlags[index]),
      'flags of flock',
      args,
    );
    insist(typeof lock === 'string' && /\/locks\/(?:[a-z-]+-)?[0-9a-f]{2,3}$/.test(lock), 'a lock', args);
    return { ...unwrap(toolOf(tool, args), rest), lock };
  }
  if (program === 'nsenter') {
    const [net = '', dashes, tool, ...rest] = args;
    insist(
      typeof net === 'string' && net.startsWith('--net=') && rule('sandbox', net.slice(6)),
      'a sandbox',
      args,
    );
    insist(dashes === '--', 'a program', args);
    const ref = net.slice(6);
    if (toolOf(tool, args) === 'ip') return { program: 'ip', args: rest, sandbox: { ref, settings: [] } };
    const [flag, script, ip, ...settings] = rest;
    insist(toolOf(tool, args) === 'sh' && flag === '-ec', 'a shell', args);
    insist(typeof script === 'string' && scripts.add(script).size === 1, 'the one script', args);
    // The script's own last line has ip's flags.
    const flags = ['-details', '-json', '-batch', '-'];
    return { program: toolOf(ip, args), args: flags, sandbox: { ref, settings: settings.map(parseSetting) } };
  }
  return { program, args };
}

/** The script is one constant: all runs of a test have the same. */
const scripts = new Set<string>();

const sysctl =
  /^ipv[46]\/conf\/(?<device>.+)\/(?:arp_notify|disable_ipv6|keep_addr_on_down|ndisc_notify|accept_dad|enhanced_dad)=[01]$/su;

function parseSetting(setting: Arg | undefined): string {
  const device = typeof setting === 'string' ? sysctl.exec(setting)?.groups?.['device'] : undefined;
  insist(typeof setting === 'string' && device !== undefined && rule('name', device), 'a sysctl', setting);
  return setting;
}

function parseAction(program: string, args: readonly Arg[], input: string, inSandbox: boolean): Action {
  switch (program) {
    case 'ip':
    case 'tc':
    case 'bridge': {
      const flags = args.slice(0, -2);
      insist(
        flags.every((flag) => ['-details', '-json', '-force'].includes(String(flag))),
        'flags of ip',
        args,
      );
      insist(args.at(-2) === '-batch' && args.at(-1) === (inSandbox ? '-' : INPUT), 'a batch', args);
      const lines = parseBatch(batchGrammars[program], input);
      return { kind: program, flags: flags.map(String), lines };
    }
    case 'nft': {
      if (args.at(-1) !== INPUT) return { kind: 'command', words: parseWords(args, nftCommands) };
      const check = args[0] === '-c';
      insist(args.length === (check ? 3 : 2) && args.at(-2) === '-f', 'a transaction', args);
      return { kind: 'nft', check, lines: parseLines(nftGrammar, input) };
    }
    case 'iptables-restore':
    case 'ip6tables-restore':
      insist(
        args.slice(0, -1).join(' ') === '-w 60 --noflush' && args.at(-1) === INPUT,
        'a restore',
        args.length,
      );
      return {
        kind: 'iptables',
        flags: args.slice(0, -1).map(String),
        lines: parseLines(iptablesGrammar, input),
      };
    case 'iptables':
    case 'ip6tables':
      return { kind: 'command', words: parseWords(args, iptablesCommands) };
    case 'ovsdb-client':
      return { kind: 'ovsdb', ...parseOvsdb(args) };
    case 'flock':
      insist(
        args.slice(0, -1).every((arg, index) => arg === lockFlags[index]) && args.at(-1) === '3',
        'a lock',
        args,
      );
      return { kind: 'lock' };
    default:
      insist(program.startsWith('/') && args.length === 0, 'a delegate', program);
      return { kind: 'delegate', file: program };
  }
}

const batchGrammars = { ip: ipGrammar, bridge: bridgeGrammar, tc: tcGrammar } as const;

const nftCommands = [
  /^-a -j list table (?:inet cni_plugins_masquerade|bridge nat)$/,
  /^-a -j list map inet plumbline sources[46]$/,
  /^-a -j list set (?:inet plumbline owners[46]|bridge plumbline (?:guarded|allowed))$/,
  /^-a -j list chains inet$/,
  /^-a -j list chain (?:inet plumbline (?:masq-[0-9a-f-]+|postrouting)|bridge plumbline prerouting)$/,
  /^delete chain inet plumbline masq-[0-9a-f-]+$/,
];
const iptablesCommands = [
  /^-w 60 -t nat -S POSTROUTING$/,
  /^-w 60 -t nat -n -L (?:PLUMBLINE|CNI)-[0-9a-f]+$/,
];

function parseWords(args: readonly Arg[], known: readonly RegExp[]): readonly string[] {
  const words = args.map((arg) => (typeof arg === 'string' ? arg : '<no text>'));
  insist(
    !words.some((word) => /\s/.test(word)) && known.some((form) => form.test(words.join(' '))),
    'a command',
    words,
  );
  return words;
}

function parseBatch(grammar: Grammar, input: string): readonly Typed[] {
  const lines = cutAsIpDoes(input).map((words) => grammar.parse(words));
  const again = lines.map((line) => `${grammar.render(line).join(' ')}\n`).join('');
  insist(again === input, `the same batch again, not ${JSON.stringify(again)}`, input);
  return lines;
}

function parseLines(grammar: Grammar, input: string): readonly Typed[] {
  insist(input.endsWith('\n'), 'whole lines', input);
  const lines = input
    .slice(0, -1)
    .split('\n')
    .map((line) => grammar.parse(cutQuoted(line)));
  const again = lines.map((line) => `${joinQuoted(grammar.render(line))}\n`).join('');
  insist(again === input, `the same lines again, not ${JSON.stringify(again)}`, input);
  return lines;
}

function toolOf(arg: Arg | undefined, args: readonly Arg[]): string {
  insist(typeof arg === 'object', 'a program', args);
  return arg.tool;
}

function rule(name: string, word: string): boolean {
  return rules[name]?.(word) ?? false;
}

function insist(holds: boolean, what: string, found: unknown): asserts holds {
  if (!holds) throw new Error(`expected ${what}: ${JSON.stringify(found)?.slice(0, 2000)}`);
}
