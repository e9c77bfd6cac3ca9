/**
 * Writes test/unit/deploy/kubernetes.json: the JSON Schemas of the kinds that deploy/ has, out of Kubernetes' own OpenAPI
 * document, without its descriptions. Needs Go, whose module proxy has the document; for a new version of Kubernetes only.
 *
 * Usage: node scripts/kubernetes-schema.ts v1.34.2
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const kinds = [
  'io.k8s.api.apps.v1.DaemonSet',
  'io.k8s.api.core.v1.ConfigMap',
  'io.k8s.api.core.v1.Pod',
  'io.k8s.api.core.v1.ServiceAccount',
  'io.k8s.api.rbac.v1.ClusterRole',
  'io.k8s.api.rbac.v1.ClusterRoleBinding',
];

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Definitions = Readonly<Record<string, Json>>;

/** Where the module of that version lies. */
function download(version: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-schema-'));
  try {
    writeFileSync(join(folder, 'go.mod'), 'module schema\n');
    const module = `k8s.io/kubernetes@${version}`;
    const text = execFileSync('go', ['mod', 'download', '-json', module], { cwd: folder, encoding: 'utf8' });
    return (JSON.parse(text) as { Dir: string }).Dir;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Names of all that a value refers to. */
function references(value: Json): readonly string[] {
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [nameOf(inner)] : references(inner),
  );
}

const nameOf = (reference: string): string => reference.slice('#/definitions/'.length);

function closure(all: Definitions): readonly string[] {
  const found = new Set<string>();
  const open = [...kinds];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    open.push(...references(all[name] ?? null));
  }
  return [...found].sort();
}

/** Without descriptions, and with unknown fields as errors, which the API server warns of only. */
function strict(value: Json): Json {
  if (Array.isArray(value)) return value.map(strict);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).filter(
    ([key, inner]) => !(key === 'description' && typeof inner === 'string') && !key.startsWith('x-'),
  );
  const kept = Object.fromEntries(entries.map(([key, inner]) => [key, strict(inner)]));
  const isClosed = 'properties' in kept && !('additionalProperties' in kept);
  return isClosed ? { ...kept, additionalProperties: false } : kept;
}

function kindsOf(all: Definitions): Readonly<Record<string, Json>> {
  return Object.fromEntries(
    kinds.map((name) => {
      const definition = all[name] as { 'x-kubernetes-group-version-kind': Record<string, string>[] };
      const { group, version, kind } = definition['x-kubernetes-group-version-kind'][0] ?? {};
      return [`${group ? `${group}/` : ''}${version} ${kind}`, { $ref: `#/definitions/${name}` }];
    }),
  );
}

const [version = ''] = process.argv.slice(2);
if (!version.startsWith('v')) throw new Error('a version of Kubernetes is missing, such as v1.34.2');
const { definitions: all } = JSON.parse(
  readFileSync(join(download(version), 'api/openapi-spec/swagger.json'), 'utf8'),
) as { definitions: Definitions };
const definitions = Object.fromEntries(closure(all).map((name) => [name, strict(all[name] ?? null)]));
// One line a definition: a change of version is read in its differences.
const lines = Object.entries(definitions).map(([name, value]) => `    "${name}": ${JSON.stringify(value)}`);
const root = dirname(import.meta.dirname);
writeFileSync(
  join(root, 'test/unit/deploy/kubernetes.json'),
  `{\n  "$comment": "Kubernetes ${version}, Apache-2.0; written by scripts/kubernetes-schema.ts",\n  "kinds": ${JSON.stringify(kindsOf(all))},\n  "definitions": {\n${lines.join(',\n')}\n  }\n}\n`,
);
