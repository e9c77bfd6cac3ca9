/**
 * Links as they would be by now: those of the node and its sandboxes, read when they are asked for, and what the steps
 * so far make of them.
 */
import { isObject, type JsonObject } from '../../lib/cni/json.ts';
import type { Runner } from '../../lib/exec/runner.ts';
import { parseDocument } from '../../lib/ip/document.ts';
import type { Space, Spaces } from './spaces.ts';

/** A link as `ip -details -json address show` prints it. */
export type LinkJson = JsonObject & { readonly ifname: string };

/** What ip says where it cannot do as it is told. */
export class Refusal extends Error {}

export interface Answer {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Links {
  readonly spaces: Spaces;
  /** Runs a read for real. Each is run once: explain looks at the node as it is at one moment. */
  ask(space: Space, argv: readonly string[]): Promise<Answer>;
  find(space: Space, name: string): Promise<LinkJson | undefined>;
  /** @throws Refusal where there is no such link */
  get(space: Space, name: string): Promise<LinkJson>;
  /** Those that the steps have made, changed or brought here. */
  touched(space: Space): readonly LinkJson[];
  /** What the steps have made of a link: undefined for nothing, null where it is gone. */
  fate(space: Space, name: string): LinkJson | null | undefined;
  put(space: Space, link: LinkJson): void;
  drop(space: Space, name: string): void;
  /** A number for a link that has none yet, and the device that it stands for. */
  newIndex(name: string): number;
  readonly newIndices: ReadonlyMap<number, string>;
  /** Settings of virtual functions that the steps have changed, by `PF index`. */
  readonly functions: Map<string, JsonObject>;
}

/** Numbers beyond all that a kernel gives in practice (they are 31 bits wide). */
const firstIndex = 2_147_400_000;

export function linksOn(runner: Runner, spaces: Spaces): Links {
  const fates = new Map<string, LinkJson | null>();
  const answers = new Map<string, Promise<Answer>>();
  const newIndices = new Map<number, string>();
  const keyOf = (space: Space, name: string): string => `${space.id} ${name}`;
  const ask = (space: Space, argv: readonly string[]): Promise<Answer> => {
    const key = [space.id, ...argv].join('\0');
    const answer = answers.get(key) ?? run(runner, space, argv);
    answers.set(key, answer);
    return answer;
  };
  const find = async (space: Space, name: string): Promise<LinkJson | undefined> => {
    const fate = fates.get(keyOf(space, name));
    if (fate !== undefined) return fate ?? undefined;
    const { status, stdout } = await ask(space, ['ip', '-details', '-json', 'address', 'show', 'dev', name]);
    return status === 0 ? linkIn(stdout) : undefined;
  };
  return {
    spaces,
    ask,
    find,
    async get(space, name) {
      const link = await find(space, name);
      if (link === undefined) throw new Refusal(`Cannot find device "${name}"`);
      return link;
    },
    touched: (space) =>
      [...fates].flatMap(([key, link]) => (link !== null && key.startsWith(`${space.id} `) ? [link] : [])),
    fate: (space, name) => fates.get(keyOf(space, name)),
    put: (space, link) => void fates.set(keyOf(space, link.ifname), link),
    drop: (space, name) => void fates.set(keyOf(space, name), null),
    newIndex(name) {
      const index = firstIndex + newIndices.size;
      newIndices.set(index, name);
      return index;
    },
    newIndices,
    functions: new Map(),
  };
}

async function run(runner: Runner, space: Space, argv: readonly string[]): Promise<Answer> {
  const [program = '', ...args] = argv;
  return space.ref === undefined
    ? runner.run(program, args)
    : runner.run('nsenter', [`--net=${space.ref}`, '--', { tool: program }, ...args]);
}

/** The first link of a document. ip fills a list with empty objects for what a filter left out. */
export function linkIn(document: string): LinkJson | undefined {
  const list: unknown = document.trim() === '' ? [] : parseDocument(document);
  return (Array.isArray(list) ? list : []).find(isLink);
}

export const isLink = (value: unknown): value is LinkJson =>
  isObject(value) && typeof value['ifname'] === 'string';
