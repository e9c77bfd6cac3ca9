/** A call's steps in the making: each comes with what the plugin has written to its files before it. */
import type { JsonObject } from '../../lib/cni/json.ts';
import type { PluginCommand } from '../../lib/cni/request.ts';
import type { Kernel } from '../../lib/exec/host.ts';
import type { Runner } from '../../lib/exec/runner.ts';
import { stepOf as stepOfFile } from './files.ts';
import type { Links } from './links.ts';
import type { Scratch } from './scratch.ts';
import type { Space, Spaces } from './spaces.ts';
import type { CommandStep, Step } from './step.ts';
import { indexOf, type Text } from './text.ts';
import { whyOf, whyOfRead } from './why.ts';

export interface Planned extends Pick<CommandStep, 'argv' | 'netns' | 'input' | 'env' | 'mayFail'> {
  /** Where the words alone do not tell it. */
  readonly why?: string;
}

export interface Plan {
  readonly command: PluginCommand;
  /** Runs reads. */
  readonly runner: Runner;
  /** As it is. */
  readonly kernel: Kernel;
  readonly spaces: Spaces;
  readonly links: Links;
  readonly scratch: Scratch;
  /** Transactions of nft so far. */
  readonly rules: string[];
  /** Interfaces of Open vSwitch that the steps so far make, by name, each with the columns that are set. */
  readonly ports: Map<string, JsonObject>;
  /** UUIDs of ports that the steps so far take away. */
  readonly removedPorts: Set<string>;
  readonly steps: readonly Step[];
  /** A program that changes something. */
  run(planned: Planned, line?: readonly string[]): void;
  /** One that reads; a step of CHECK alone, which consists of nothing else. */
  read(planned: Planned): void;
  /** Anything else. */
  step(step: Step): void;
  /** Tells of the files that were written since. */
  flush(): void;
  /** A word of a command line, as it stands in the script. */
  word(word: string): Text;
  /** The namespace that a program is given by `/proc/PID/fd/N`. */
  space(ref: string | undefined): Space;
}

export function makePlan(
  given: Pick<Plan, 'command' | 'runner' | 'kernel' | 'spaces' | 'links' | 'scratch'>,
): Plan {
  const { command, spaces, links, scratch } = given;
  const steps: Step[] = [];
  const flush = (): void => {
    const made = scratch.changes().map((change) => stepOfFile(change, (text) => late(links, text)));
    steps.push(...made.reduce<readonly Step[]>(withFolders, []));
  };
  const step = (made: Step): void => {
    flush();
    steps.push(made);
  };
  return {
    ...given,
    rules: [],
    ports: new Map(),
    removedPorts: new Set(),
    steps,
    flush,
    step,
    run({ why, ...planned }, line = planned.argv.map(String)) {
      step({ kind: 'command', why: why ?? whyOf(line, planned.netns !== undefined), ...planned });
    },
    read({ why, ...planned }) {
      if (command !== 'CHECK') return;
      step({
        kind: 'read',
        why: why ?? whyOfRead(planned.argv.map(String), planned.netns !== undefined),
        ...planned,
      });
    },
    word: (word) => (word.startsWith('/proc/') ? spaces.word(word) : word),
    space: (ref) => (ref === undefined ? spaces.node : spaces.byRef(ref)),
  };
}

/** Folders that are made one after the other are one step. */
function withFolders(steps: readonly Step[], step: Step): readonly Step[] {
  const last = steps.at(-1);
  if (step.kind !== 'folder' || last?.kind !== 'folder' || last.mode !== step.mode) return [...steps, step];
  return [...steps.slice(0, -1), { ...last, paths: [...last.paths, ...step.paths] }];
}

/** A text in which the numbers of links stand that get theirs when the script runs. */
function late(links: Links, text: string): Text {
  const found = [...links.newIndices].filter(([index]) => text.includes(String(index)));
  if (found.length === 0) return text;
  const numbers = new Map(found.map(([index, name]) => [String(index), indexOf(name)]));
  const parts = text.split(new RegExp(`(${[...numbers.keys()].join('|')})`));
  return parts.map((part) => numbers.get(part) ?? part).filter((part) => part !== '');
}
