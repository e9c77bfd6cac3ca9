/**
 * What every plugin's config has, and how a config that does not fit is told.
 *
 * Source: CNI specification 1.1.0, section 1, and the conventions document for `args` and `runtimeConfig`.
 */
import * as z from '#zod';
import { CniError, ErrorCode, show } from '../errors.ts';
import { once } from '../once.ts';
import { foldToSchema, isObject, type JsonObject } from './json.ts';
import { ifnameFault } from './request.ts';

/*
 * Forms that many fields have, as one schema each. All schemas are built when they are first asked for, since that takes
 * longer than to read a config by them: the plain ones are read without (docs/startup.md).
 */
export const optionalText = once(() => z.optional(z.string()));
export const optionalTexts = once(() => z.optional(z.array(z.string())));
/** A setting that is off where nobody says that it is on. */
export const offByDefault = once(() => z._default(z.boolean(), false));

export const dnsSchema = once(() =>
  z.object({
    nameservers: optionalTexts(),
    domain: optionalText(),
    search: optionalTexts(),
    options: optionalTexts(),
  }),
);

/** Which attachments GC is to keep (specification 1.1.0, "GC"). */
export const attachmentSchema = once(() => z.object({ containerID: z.string(), ifname: z.string() }));
export type ValidAttachment = z.infer<ReturnType<typeof attachmentSchema>>;

/** `args` has `cni` as conventions and runtimes write it; its keys are each plugin's own. */
export const cniArgsSchema = once(() => z.looseObject({ mac: optionalText(), ips: optionalTexts() }));

export const runtimeConfigSchema = once(() => z.looseObject({ mac: optionalText(), ips: optionalTexts() }));

/** Names of an executable: it is looked for in CNI_PATH, so it must not be able to leave it. */
export const isPluginFile = (name: string): boolean =>
  !/[/\\\0]/.test(name) && name !== '.' && name !== '..' && Buffer.byteLength(name) <= 255;

export const pluginNameSchema = once(() =>
  z
    .string()
    .check(z.refine(isPluginFile, { error: 'a bare file name of at most 255 bytes, without / or \\' })),
);

export const optionalPluginName = once(() => z.optional(pluginNameSchema()));

/** A link's name that is also safe in an nft set, where `*` is a pattern. */
export const isDeviceName = (name: string): boolean =>
  ifnameFault(name) === undefined && /^[^*{}$;]+$/.test(name);

export const deviceName = once(() =>
  z.string().check(
    z.refine(isDeviceName, {
      error:
        'an interface name of 1 to 15 bytes, without white space or any of / : % " \' # \\ * { } $ ;, and none of . .. all default',
    }),
  ),
);

export const optionalDevice = once(() => z.optional(deviceName()));

/** MTU of a link, not below ETH_MIN_MTU (linux/if_ether.h); 0 leaves it to the kernel. */
export const isLinkMtu = (mtu: number): boolean => mtu <= 0 || mtu >= 68;

export const linkMtu = once(() =>
  z
    .int()
    .check(
      z.gte(0),
      z.lte(65535),
      z.refine(isLinkMtu, { error: "at least 68, or 0 for the kernel's default" }),
    ),
);

export const baseConfigSchema = once(() =>
  z.object({
    cniVersion: optionalText(),
    name: z.string(),
    type: optionalPluginName(),
    ipam: z.optional(z.looseObject({ type: optionalPluginName() })),
    dns: z.optional(dnsSchema()),
    args: z.optional(z.looseObject({ cni: z.optional(cniArgsSchema()) })),
    runtimeConfig: z.optional(runtimeConfigSchema()),
    prevResult: z.optional(z.unknown()),
    'cni.dev/valid-attachments': z.optional(z.array(attachmentSchema())),
    logLevel: optionalText(),
    logFile: optionalText(),
  }),
);
export type BaseConfig = z.infer<ReturnType<typeof baseConfigSchema>>;

/** How a config is read. */
export interface ConfigForm<S extends z.ZodMiniType = z.ZodMiniType> {
  /** What it accepts, and what is said of what it does not. */
  readonly schema: () => S;
  /**
   * The same for a config as people write it, in a fraction of the time: made of the schema (`make schemas`).
   * @returns undefined for what only the schema can tell
   */
  readonly plain: (config: unknown) => object | undefined;
}

/**
 * A config read by its form.
 * @throws CniError as {@link parseConfig}
 */
export function parseByForm<S extends z.ZodMiniType>(
  { schema, plain }: ConfigForm<S>,
  config: JsonObject,
): z.output<S> {
  return (plain(config) as z.output<S> | undefined) ?? parseConfig(schema(), config);
}

/**
 * A config read by its schema, its keys in any case, nulls as absent.
 * @throws CniError 7 that names the field, the value and what was expected
 */
export function parseConfig<S extends z.ZodMiniType>(schema: S, config: JsonObject): z.output<S> {
  const read = readConfig(schema, config);
  if (read.faults === undefined) return read.config;
  const faults = read.faults.slice(0, 8).map(({ message }) => message);
  throw new CniError(ErrorCode.invalidConfig, faults.join('; '));
}

/** A field that does not fit its schema. */
export interface ConfigFault {
  /** In the schema's spelling. */
  readonly path: readonly PropertyKey[];
  /** Begins with the field's name. */
  readonly message: string;
}

/** The same for whoever wants all faults, and where each is. */
export function readConfig<S extends z.ZodMiniType>(
  schema: S,
  config: JsonObject,
):
  | { readonly config: z.output<S>; readonly faults?: undefined }
  | { readonly config?: undefined; readonly faults: readonly ConfigFault[] } {
  const folded = foldToSchema(schema, config);
  const parsed = z.safeParse(schema, folded);
  if (parsed.success) return { config: parsed.data };
  return { faults: parsed.error.issues.map((issue) => describeIssue(issue, folded)) };
}

type Issue = z.core.$ZodIssue;

function describeIssue(issue: Issue, input: unknown): ConfigFault {
  const { path } = issue;
  const value = valueAt(input, path);
  // A union says first what fits none of its forms; the issues of each form are noise to a reader.
  const found = value === undefined ? 'missing' : show(value);
  return { path, message: `${fieldName(path)}: ${found}, expected ${expectation(issue)}` };
}

function expectation(issue: Issue): string {
  if (issue.message !== 'Invalid input') return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return withArticle(issue.expected === 'int' ? 'integer' : issue.expected);
    case 'invalid_value':
      return `one of ${issue.values.map((value) => show(value)).join(', ')}`;
    case 'too_small':
      return `at least ${issue.minimum}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    default:
      return issue.code === 'invalid_union' ? 'another form' : `another value (${issue.code})`;
  }
}

function withArticle(noun: string): string {
  const name = { int: 'integer', record: 'object' }[noun] ?? noun;
  return `${/^[aeiou]/.test(name) ? 'an' : 'a'} ${name}`;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, key) => {
    if (Array.isArray(value)) return value[Number(key)];
    return isObject(value) ? value[String(key)] : undefined;
  }, input);
}

/** `ipam.ranges[0][1].subnet`, as it is written in JSONPath and jq. */
export function fieldName(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index > 0 ? '.' : ''}${String(key)}`))
    .join('');
}
