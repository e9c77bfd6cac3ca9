/**
 * What every plugin's config has, and how a config that does not fit is told.
 *
 * Source: CNI specification 1.1.0, section 1, and the conventions document for `args` and `runtimeConfig`.
 */
import * as z from 'zod/mini';
import { CniError, ErrorCode, show } from '../errors.ts';
import { foldToSchema, isObject, type JsonObject } from './json.ts';
import { ifnameFault } from './request.ts';

/*
 * Forms that many fields have, as one schema each: every schema is built at each start, or lies in the heap that is read
 * at each start (docs/startup.md).
 */
export const optionalText = z.optional(z.string());
export const optionalTexts = z.optional(z.array(z.string()));
/** A setting that is off where nobody says that it is on. */
export const offByDefault = z._default(z.boolean(), false);

export const dnsSchema = z.object({
  nameservers: optionalTexts,
  domain: optionalText,
  search: optionalTexts,
  options: optionalTexts,
});

/** Which attachments GC is to keep (specification 1.1.0, "GC"). */
export const attachmentSchema = z.object({ containerID: z.string(), ifname: z.string() });
export type ValidAttachment = z.infer<typeof attachmentSchema>;

/** `args` has `cni` as conventions and runtimes write it; its keys are each plugin's own. */
export const cniArgsSchema = z.looseObject({
  mac: optionalText,
  ips: optionalTexts,
});

export const runtimeConfigSchema = z.looseObject({
  mac: optionalText,
  ips: optionalTexts,
});

/** Names of an executable: it is looked for in CNI_PATH, so it must not be able to leave it. */
export const pluginNameSchema = z.string().check(
  z.refine(
    (name) => !/[/\\\0]/.test(name) && name !== '.' && name !== '..' && Buffer.byteLength(name) <= 255,
    {
      error: 'a bare file name of at most 255 bytes, without / or \\',
    },
  ),
);

const optionalPluginName = z.optional(pluginNameSchema);

/** A link's name that is also safe in an nft set, where `*` is a pattern. */
export const deviceName = z.string().check(
  z.refine((name) => ifnameFault(name) === undefined && /^[^*{}$;]+$/.test(name), {
    error:
      'an interface name of 1 to 15 bytes, without white space or any of / : % " \' # \\ * { } $ ;, and none of . .. all default',
  }),
);

export const optionalDevice = z.optional(deviceName);

/** MTU of a link, not below ETH_MIN_MTU (linux/if_ether.h); 0 leaves it to the kernel. */
export const linkMtu = z.int().check(
  z.gte(0),
  z.lte(65535),
  z.refine((mtu) => mtu <= 0 || mtu >= 68, { error: "at least 68, or 0 for the kernel's default" }),
);

export const baseConfigSchema = z.object({
  cniVersion: optionalText,
  name: z.string(),
  type: optionalPluginName,
  ipam: z.optional(z.looseObject({ type: optionalPluginName })),
  dns: z.optional(dnsSchema),
  args: z.optional(z.looseObject({ cni: z.optional(cniArgsSchema) })),
  runtimeConfig: z.optional(runtimeConfigSchema),
  prevResult: z.optional(z.unknown()),
  'cni.dev/valid-attachments': z.optional(z.array(attachmentSchema)),
  logLevel: optionalText,
  logFile: optionalText,
});
export type BaseConfig = z.infer<typeof baseConfigSchema>;

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
