/** Makes a file of readers: tables that read what is plain, without building the schemas and without zod (docs/startup.md). */
import { expressionOf } from './expression.ts';
import type { Known, Named, Source } from './source.ts';

/**
 * Text of the file, not formatted yet: a constant for each source, each of which can use those before it.
 * @param nameOf where a function that a schema checks with is exported
 * @param helpers the import's specifier of lib/plain.ts
 * @param shared what other files have that this one may use
 * @throws Error for what would be said wrongly
 */
export function generateReaders(
  sources: readonly Source[],
  nameOf: (fn: unknown) => Named | undefined,
  helpers: string,
  shared: readonly Known[] = [],
): string {
  const imports = new Map<string, Set<string>>();
  const use = ({ name, from }: Named): string => {
    if (from !== undefined) imports.set(from, (imports.get(from) ?? new Set()).add(name));
    return name;
  };
  const constants = sources.map((source, index) => {
    const known = [...shared, ...sources.slice(0, index)].filter(({ folds }) => folds === source.folds);
    const help = (name: string): string => use({ name, from: helpers });
    const expression = expressionOf(source, { folds: source.folds, known, help, use, nameOf });
    const text = `${source.isOwn ? '' : 'export '}const ${source.name} = ${expression};\n`;
    // Those of one line stand together.
    return expression.includes('\n') ? `\n${text}\n` : text;
  });
  const heads = [...imports]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([from, names]) => `import { ${[...names].sort().join(', ')} } from '${from}';\n`);
  const header = '// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.\n';
  return `${header}${heads.join('')}\n${constants.join('')}`;
}
