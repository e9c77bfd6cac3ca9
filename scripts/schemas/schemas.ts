/** All JSON Schemas of the project, by the names of their files. */
import { capabilities, chained, foreignTypes, ipams, listNotes } from '../../cli/lint/peers.ts';
import { fields as hostLocalFields } from '../../ipam/host-local/fields.ts';
import { baseFields, type Fields } from '../../lib/cni/fields.ts';
import { supportedVersions } from '../../lib/cni/version.ts';
import { findPlugin } from '../../plugins/index.ts';
import { fields as ipvlanFields } from '../../plugins/ipvlan/fields.ts';
import { fields as macvlanFields } from '../../plugins/macvlan/fields.ts';
import { fields as ovsFields } from '../../plugins/ovs/fields.ts';
import { fields as sriovFields } from '../../plugins/sriov/fields.ts';
import { fields as vethBridgeFields } from '../../plugins/veth-bridge/fields.ts';
import { type Document, documentOf, notes } from './document.ts';

const draft = 'http://json-schema.org/draft-07/schema#';

const tables: Readonly<Record<string, Fields>> = {
  'veth-bridge': vethBridgeFields,
  ovs: ovsFields,
  macvlan: macvlanFields,
  ipvlan: ipvlanFields,
  sriov: sriovFields,
};

/** Names that a plugin answers to, where it has more than one. */
const aliases: Readonly<Record<string, readonly string[]>> = { 'veth-bridge': ['veth-bridge', 'bridge'] };

const typesOf = (name: string): readonly string[] => aliases[name] ?? [name];

const about = (field: string): string => {
  const text = baseFields[field];
  return typeof text === 'object' ? text.about : (text ?? '');
};

/** Keys that only runtimes and editors read. */
const runtimeProperties: Readonly<Record<string, Document>> = {
  $schema: { description: 'For editors: where this schema is.', type: 'string' },
  capabilities: {
    description: 'What the runtime is to give in runtimeConfig.',
    type: 'object',
    properties: Object.fromEntries(capabilities.map((name) => [name, { type: 'boolean' }])),
    additionalProperties: { type: 'boolean' },
  },
};

const cniVersion: Document = {
  description: about('cniVersion'),
  enum: [...supportedVersions],
  default: '1.0.0',
};

/** host-local's ipam wherever ipam.type names it. */
const ipam: Document = {
  description: about('ipam'),
  type: 'object',
  properties: { type: { description: about('ipam.type'), type: 'string', examples: [...ipams] } },
  if: { properties: { type: { const: 'host-local' } }, required: ['type'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
  then: { $ref: '#/definitions/host-local-ipam' },
};

/** An interface plugin's config, as it stands in a list. */
function interfaceDocument(name: string): Document {
  const plugin = pluginOf(name);
  const document = documentOf(plugin.config.schema(), tables[name] ?? {});
  const { $schema: _, properties = {}, required: __, ...rest } = document;
  const { cniVersion: ___, name: network, type, ipam: ____, ...own } = properties;
  return {
    description: `${name}: ${plugin.about}.`,
    ...rest,
    required: ['type'],
    properties: {
      ...runtimeProperties,
      type: { ...type, enum: [...typesOf(name)] },
      ...(network === undefined ? {} : { name: network }),
      cniVersion,
      cniVersions: { type: 'array', items: { enum: [...supportedVersions] } },
      ...own,
      ipam,
    },
  };
}

function pluginOf(name: string) {
  const plugin = findPlugin(name);
  if (plugin === undefined) throw new Error(`no plugin ${name}`);
  return plugin;
}

/** host-local's own part, in which it takes no other keys. */
function ipamDocument(): Document {
  const { properties = {} } = documentOf(pluginOf('host-local').config.schema(), hostLocalFields);
  const { description: _, ...document } = properties['ipam'] ?? {};
  return {
    description: `host-local: ${pluginOf('host-local').about}.`,
    ...document,
    required: ['type'],
    properties: { ...document.properties, type: { description: about('ipam.type'), const: 'host-local' } },
    patternProperties: notes,
    additionalProperties: false,
  };
}

/** What is known of any plugin, and all that is known of ours. */
function anyPlugin(): Document {
  return {
    type: 'object',
    required: ['type'],
    properties: {
      ...runtimeProperties,
      type: {
        ...(typeof baseFields['type'] === 'object' ? withoutAbout(baseFields['type']) : {}),
        description: about('type'),
        type: 'string',
        examples: [
          ...Object.keys(tables).flatMap(typesOf),
          ...[...foreignTypes].filter((type) => chained.includes(type)),
        ],
      },
      ipam,
    },
    allOf: Object.keys(tables).map((name) => ({
      if: { properties: { type: { enum: [...typesOf(name)] } }, required: ['type'] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
      then: { $ref: `#/definitions/${name}` },
    })),
  };
}

function withoutAbout<T extends { readonly about: string }>({ about: _, ...keywords }: T): Omit<T, 'about'> {
  return keywords;
}

const nameProperty: Document = {
  ...(typeof baseFields['name'] === 'object' ? withoutAbout(baseFields['name']) : {}),
  description: about('name'),
  type: 'string',
};

function definitions(): Readonly<Record<string, Document>> {
  return {
    'host-local-ipam': ipamDocument(),
    ...Object.fromEntries(Object.keys(tables).map((name) => [name, interfaceDocument(name)])),
  };
}

function confDocument(): Document {
  const any = anyPlugin();
  return {
    $schema: draft,
    title: 'CNI network of one plugin (.conf)',
    ...any,
    required: ['name', 'type'],
    properties: { cniVersion, name: nameProperty, ...any.properties },
    definitions: definitions(),
  };
}

function conflistDocument(): Document {
  const flag = (description: string): Document => ({ description, type: 'boolean', default: false });
  return {
    $schema: draft,
    title: 'CNI network of a list of plugins (.conflist)',
    type: 'object',
    required: ['name', 'plugins'],
    properties: {
      cniVersion,
      cniVersions: {
        description:
          'All versions that the file may be used in; the runtime takes the latest that it speaks.',
        type: 'array',
        items: { enum: [...supportedVersions] },
      },
      name: nameProperty,
      disableCheck: flag('The runtime is not to call CHECK.'),
      disableGC: flag('The runtime is not to call GC.'),
      loadOnlyInlinedPlugins: flag('The runtime is not to look for further plugins in a folder of the name.'),
      plugins: {
        description: 'The plugins, in the order of ADD.',
        type: 'array',
        minItems: 1,
        items: { $ref: '#/definitions/plugin' },
      },
      ...Object.fromEntries(listNotes.map((key) => [key, {}])),
      $schema: runtimeProperties['$schema'] ?? {},
    },
    patternProperties: notes,
    additionalProperties: false,
    definitions: { plugin: anyPlugin(), ...definitions() },
  };
}

/** A plugin's file stands for itself, and has what it refers to. */
function pluginDocument(name: string): Document {
  return {
    $schema: draft,
    title: `${name} of plumbline`,
    ...interfaceDocument(name),
    definitions: { 'host-local-ipam': ipamDocument() },
  };
}

/** Texts of all schemas by the names of their files. */
export function allSchemas(): Readonly<Record<string, string>> {
  const documents: Readonly<Record<string, Document>> = {
    conf: confDocument(),
    conflist: conflistDocument(),
    'host-local': { $schema: draft, title: 'ipam of plumbline’s host-local', ...ipamDocument() },
    ...Object.fromEntries(Object.keys(tables).map((name) => [name, pluginDocument(name)])),
  };
  return Object.fromEntries(
    Object.entries(documents).map(([name, document]) => [
      `${name}.schema.json`,
      `${JSON.stringify(document, undefined, 2)}\n`,
    ]),
  );
}
