/**
 * Makes a reader of a zod schema: a function that reads what is plain, without building the schema and without zod. What
 * it does not take, or takes in another way than the schema may, it leaves to the schema by answering undefined; so it
 * need not know all that a schema can say, and says nothing about faults.
 */
import type { SchemaLike } from '../../lib/cni/json.ts';

/** A schema that gets a reader. */
export interface Source {
  /** Of the function. */
  readonly name: string;
  readonly schema: SchemaLike;
  /** Whether keys are matched in any case, nulls and empty texts are absent: so in configs, not in what tools print. */
  readonly folds: boolean;
}

/** Where a function that a schema checks with is exported. */
export interface Named {
  readonly name: string;
  /** The import's specifier, from the file that is made. */
  readonly from: string;
}

interface Definition {
  readonly type: string;
  readonly shape?: Readonly<Record<string, SchemaLike>>;
  readonly catchall?: SchemaLike;
  readonly element?: SchemaLike;
  readonly innerType?: SchemaLike;
  readonly defaultValue?: unknown;
  readonly entries?: Readonly<Record<string, string>>;
  readonly values?: readonly unknown[];
  readonly check?: string;
  readonly checks?: readonly SchemaLike[];
  readonly format?: string;
  readonly value?: number;
  readonly inclusive?: boolean;
  readonly pattern?: RegExp;
  readonly fn?: unknown;
}

const definitionOf = (schema: SchemaLike): Definition => schema._zod.def as Definition;
const quote = (value: unknown): string => JSON.stringify(value);
const indented = (lines: readonly string[]): readonly string[] => lines.map((line) => `  ${line}`);

/** Text of the file: one function for each source, and one for each object within. */
export function generateReaders(
  sources: readonly Source[],
  nameOf: (fn: unknown) => Named | undefined,
  helpers: string,
): string {
  const imports = new Map<string, Set<string>>();
  const use = (from: string, name: string): string => {
    imports.set(from, (imports.get(from) ?? new Set()).add(name));
    return name;
  };
  const functions: string[] = [];
  const made = new Map<SchemaLike, string>();

  /** Of an object or a list: the name of its reader. */
  function readerOf(schema: SchemaLike, name: string, folds: boolean, isExported = false): string {
    const known = made.get(schema);
    if (known !== undefined) return known;
    made.set(schema, name);
    const { type, element, checks = [] } = definitionOf(schema);
    const head = `${isExported ? 'export ' : ''}function ${name}(value: unknown)`;
    if (type === 'array' && element !== undefined && isNested(element)) {
      if (checks.length > 0) throw new Error(`${name}: checks of a list of objects cannot be written down`);
      const each = readerOf(element, `${name}Item`, folds);
      functions.push(
        `${head}: readonly unknown[] | undefined {\n  return ${use(helpers, 'readEach')}(value, ${each});\n}\n`,
      );
    } else functions.push(objectReader(schema, head, name, folds, isExported));
    return name;
  }

  function objectReader(
    schema: SchemaLike,
    head: string,
    name: string,
    folds: boolean,
    isExported: boolean,
  ): string {
    const { shape = {}, catchall, checks = [] } = definitionOf(schema);
    const keys = Object.keys(shape);
    const lines = Object.entries(shape).flatMap(([key, member]) =>
      memberLines(key, member, `${name}${capital(key)}`, folds),
    );
    const plain = use(helpers, 'Plain');
    const isLoose = catchall !== undefined;
    const others = [`${name}Keys`, ...(isLoose ? ['out'] : [])].join(', ');
    const after =
      folds || isLoose ? [`if (!${use(helpers, 'takeOthers')}(value, ${others})) return undefined;`] : [];
    return [
      ...(folds || isLoose || isExported
        ? [`${isExported ? 'export ' : ''}const ${name}Keys: readonly string[] = ${quote(keys)};\n`]
        : []),
      `${head}: ${plain} | undefined {`,
      `  if (!${use(helpers, 'isMembers')}(value)) return undefined;`,
      `  const out: ${plain} = {};`,
      ...indented([...lines, ...after, ...checkLines(checks, 'out')]),
      '  return out;',
      '}\n',
    ].join('\n');
  }

  function memberLines(key: string, schema: SchemaLike, name: string, folds: boolean): readonly string[] {
    const { type, innerType = schema, defaultValue } = definitionOf(schema);
    const variable = `member${capital(key)}`;
    const read = `const ${variable} = value[${quote(key)}];`;
    if (type !== 'optional' && type !== 'default')
      return [read, ...valueLines(key, schema, variable, name, folds)];
    const absent = [
      `${variable} === undefined`,
      ...(folds ? [`${variable} === null`] : []),
      ...(folds && takesText(innerType) ? [`${variable} === ''`] : []),
    ];
    const present = absent.map((test) => test.replace('===', '!==')).join(' && ');
    return [
      read,
      `if (${present}) {`,
      ...indented(valueLines(key, innerType, variable, name, folds)),
      type === 'default' ? `} else out[${quote(key)}] = ${quote(defaultValue)};` : '}',
    ];
  }

  function valueLines(
    key: string,
    schema: SchemaLike,
    variable: string,
    name: string,
    folds: boolean,
  ): readonly string[] {
    if (isNested(schema)) {
      const result = `${variable}Read`;
      return [
        `const ${result} = ${readerOf(schema, name, folds)}(${variable});`,
        `if (${result} === undefined) return undefined;`,
        `out[${quote(key)}] = ${result};`,
      ];
    }
    return [...testLines(schema, variable), `out[${quote(key)}] = ${variable};`];
  }

  const unless = (test: string): string => `if (${test}) return undefined;`;
  const isNone = (variable: string, values: readonly unknown[]): string =>
    unless(values.map((one) => `${variable} !== ${quote(one)}`).join(' && '));
  /** What no reader can tell: the schema is asked. */
  const never: readonly string[] = ['return undefined;'];

  const numberTest = ({ check, format }: Definition, variable: string): readonly string[] => {
    if (check === 'number_format' && format !== 'safeint') return never;
    const test = check === 'number_format' ? 'isSafeInteger' : 'isFinite';
    return [unless(`typeof ${variable} !== 'number' || !Number.${test}(${variable})`)];
  };

  /** By type: statements that return undefined unless a value is of it. What has its members copied is no matter of these. */
  const tests: Readonly<Record<string, (definition: Definition, variable: string) => readonly string[]>> = {
    string: (_, variable) => [unless(`typeof ${variable} !== 'string'`)],
    boolean: (_, variable) => [unless(`typeof ${variable} !== 'boolean'`)],
    number: numberTest,
    enum: ({ entries = {} }, variable) => [isNone(variable, Object.values(entries))],
    literal: ({ values = [] }, variable) => [isNone(variable, values)],
    unknown: () => [],
    custom({ fn }, variable) {
      const named = nameOf(fn);
      return named === undefined ? never : [unless(`!${use(named.from, named.name)}(${variable})`)];
    },
    nullable({ innerType }, variable) {
      if (innerType === undefined) return never;
      return [`if (${variable} !== null) {`, ...indented(testLines(innerType, variable)), '}'];
    },
    array({ element }, variable) {
      if (element === undefined) return never;
      return [
        unless(`!Array.isArray(${variable})`),
        `for (const item of ${variable}) {`,
        ...indented(testLines(element, 'item')),
        '}',
      ];
    },
  };

  function testLines(schema: SchemaLike, variable: string): readonly string[] {
    const definition = definitionOf(schema);
    const test = tests[definition.type];
    if (test === undefined) return never;
    return [...test(definition, variable), ...checkLines(definition.checks ?? [], variable)];
  }

  function checkLines(checks: readonly SchemaLike[], variable: string): readonly string[] {
    return checks.map((one) => unless(refusal(definitionOf(one), variable)));
  }

  /** An expression that is true for what a check refuses. */
  function refusal({ check, value, inclusive, fn, pattern }: Definition, variable: string): string {
    const equals = inclusive ? '' : '=';
    if (check === 'greater_than') return `${variable} <${equals} ${value}`;
    if (check === 'less_than') return `${variable} >${equals} ${value}`;
    if (check === 'string_format' && pattern !== undefined) return `!${pattern}.test(${variable})`;
    const named = check === 'custom' ? nameOf(fn) : undefined;
    if (named === undefined)
      throw new Error(`a check of kind ${check} cannot be written down; export what it calls`);
    return `!${use(named.from, named.name)}(${variable})`;
  }

  for (const { name, schema, folds } of sources) readerOf(schema, name, folds, true);
  const header = '// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.\n';
  const heads = [...imports]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([from, names]) =>
        `import { ${[...names]
          .sort()
          .map((name) => (name === 'Plain' ? 'type Plain' : name))
          .join(', ')} } from '${from}';\n`,
    );
  return `${header}${heads.join('')}\n${functions.join('\n')}`;
}

/** An object, or a list of such: what is read into another object, since keys may be taken away. */
function isNested(schema: SchemaLike): boolean {
  const { type, element } = definitionOf(schema);
  return type === 'object' || (type === 'array' && element !== undefined && isNested(element));
}

/** As lib/cni/json.ts: where an empty text is absent. */
function takesText(schema: SchemaLike): boolean {
  const { type, innerType } = definitionOf(schema);
  return ['string', 'enum'].includes(type) || (innerType !== undefined && takesText(innerType));
}

function capital(key: string): string {
  return key.replace(/(?:^|[^A-Za-z0-9]+)([A-Za-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
