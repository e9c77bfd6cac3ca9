/**
 * lib/zod.ts on Bun, which keeps no heap: it is loaded when something of it is called first, as what stands for it in the
 * build by pkg does (scripts/build/later.ts).
 */
import type * as Zod from '../zod.ts';

type Call = (...args: readonly unknown[]) => unknown;

function later<K extends keyof typeof Zod>(name: K): (typeof Zod)[K] {
  const call: Call = (...args) => (require('../zod.ts') as Readonly<Record<K, Call>>)[name](...args);
  return call as (typeof Zod)[K];
}

export const _default = later('_default');
export const array = later('array');
export const boolean = later('boolean');
export const custom = later('custom');
const _enum = later('enum');
export const extend = later('extend');
export const gte = later('gte');
export const int = later('int');
export const literal = later('literal');
export const looseObject = later('looseObject');
export const lte = later('lte');
export const nullable = later('nullable');
export const number = later('number');
export const object = later('object');
export const optional = later('optional');
export const parse = later('parse');
export const record = later('record');
export const refine = later('refine');
export const regex = later('regex');
export const safeParse = later('safeParse');
export const string = later('string');
export const union = later('union');
export const unknown = later('unknown');
export { _enum as enum };
