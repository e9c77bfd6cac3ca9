/** The manifests of deploy/: as kustomize builds them, by Kubernetes' own schemas, and as plumbline reads its configs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { runCli } from '../../../cli/index.ts';
import { fillIn, parsePodCidrs } from '../../../cli/netconf/template.ts';
import { findFaults } from '../../../cli/netconf/validate.ts';
import type { JsonObject } from '../../../lib/cni/json.ts';
import { repoRoot } from '../../support/paths.ts';
import schemas from './kubernetes.json' with { type: 'json' };

const deploy = join(repoRoot, 'deploy');
const variants = ['base', 'bridge', 'ovs-overlay', 'macvlan', 'sriov'];

interface Manifest extends JsonObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema({ definitions: schemas.definitions }, 'kubernetes');
function faultsOf(manifest: Manifest): readonly string[] {
  const kinds: Readonly<Record<string, { readonly $ref: string }>> = schemas.kinds;
  const kind = kinds[`${manifest.apiVersion} ${manifest.kind}`];
  if (kind === undefined) return [`no schema for ${manifest.apiVersion} ${manifest.kind}`];
  ajv.validate({ $ref: `kubernetes${kind.$ref}` }, manifest);
  return (ajv.errors ?? []).map(({ instancePath, message, params }) =>
    [instancePath, message, JSON.stringify(params)].join(' '),
  );
}

const parseManifests = (text: string): readonly Manifest[] =>
  parseAllDocuments(text).map((document) => document.toJS() as Manifest);

/** Of the projects that bring the kind: k8snetworkplumbingwg/multi-net-spec, version 1. */
function networkFaults({ metadata, spec, ...rest }: Manifest): readonly string[] {
  const { config, ...other } = spec as { readonly config: string };
  return [
    ...Object.keys(rest).filter((key) => !['apiVersion', 'kind'].includes(key)),
    ...Object.keys(other),
    ...(metadata.namespace === undefined ? ['it has no namespace'] : []),
    ...findFaults(JSON.parse(config) as JsonObject),
  ];
}

function check(manifests: readonly Manifest[]): void {
  const faults = manifests.flatMap((manifest) => {
    const isNetwork = manifest.kind === 'NetworkAttachmentDefinition';
    const found = isNetwork ? networkFaults(manifest) : faultsOf(manifest);
    return found.map((fault) => `${manifest.kind} ${manifest.metadata.name}: ${fault}`);
  });
  expect(faults).toEqual([]);
}

/** Of what kustomize makes; any of the programs that it is in. */
function kustomizer(): readonly string[] | undefined {
  const programs = [
    ['kustomize', 'build'],
    ['kubectl', 'kustomize'],
  ] as const;
  return programs.find(
    ([program]) => spawnSync(program, ['version', '--client'], { stdio: 'ignore' }).error === undefined,
  );
}

describe('the checker finds', () => {
  const pod = (spec: JsonObject): Manifest => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p' },
    spec,
  });
  test.each<[string, Manifest, RegExp]>([
    [
      'a field that is misspelt',
      pod({ containers: [{ name: 'c', imagePullPolice: 'Always' }] }),
      /imagePullPolice/,
    ],
    ['a value of another type', pod({ containers: [{ name: 'c', args: 'x' }] }), /args must be array/],
    ['a field that is missing', pod({ containers: [{ image: 'x' }] }), /must have required property 'name'/],
    ['a kind that is not there', { ...pod({}), kind: 'Pot' }, /no schema for v1 Pot/],
  ])('%s', (_, manifest, says) => {
    expect(faultsOf(manifest).join('\n')).toMatch(says);
  });
});

describe('each file', () => {
  const files = readdirSync(deploy, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.endsWith('.yaml') && !name.endsWith('kustomization.yaml'),
  );
  test.each(files)('%s', (name) => {
    check(parseManifests(readFileSync(join(deploy, name), 'utf8')));
  });

  test.each(variants)('%s/kustomization.yaml names files that are there, and all of them', (variant) => {
    const folder = join(deploy, variant);
    const [kustomization] = parseManifests(readFileSync(join(folder, 'kustomization.yaml'), 'utf8'));
    const { resources = [], configMapGenerator = [] } = kustomization as unknown as {
      readonly resources?: readonly string[];
      readonly configMapGenerator?: readonly { readonly files: readonly string[] }[];
    };
    const named = [...resources, ...configMapGenerator.flatMap(({ files }) => files)];
    const there = readdirSync(folder).filter((name) => name !== 'kustomization.yaml');
    expect(named.filter((name) => name !== '../base').sort()).toEqual(there.sort());
  });
});

describe('a ConfigMap of configs', () => {
  test.each([
    ['bridge', ['10.244.3.0/24', 'fd00:244:3::/64'], ['10.244.3.0/24', 'fd00:244:3::/64']],
    ['ovs-overlay', ['10.244.3.0/24'], ['10.244.0.0/16']],
  ])('%s is one that the plugins take, once the node has filled it in', (variant, cidrs, subnets) => {
    const template = readFileSync(join(deploy, variant, '10-plumbline.conflist'), 'utf8');
    const config = fillIn(JSON.parse(template) as JsonObject, parsePodCidrs(cidrs));
    expect(findFaults(config)).toEqual([]);
    const [{ ipam }] = config['plugins'] as [{ ipam: { ranges: { subnet: string }[][] } }];
    expect(ipam.ranges.map(([range]) => range?.subnet)).toEqual(subnets);
  });
});

describe('the DaemonSet', () => {
  const manifests = ['rbac', 'daemonset'].flatMap((name) =>
    parseManifests(readFileSync(join(deploy, 'base', `${name}.yaml`), 'utf8')),
  );
  const of = (kind: string): Manifest => {
    const found = manifests.find((manifest) => manifest.kind === kind);
    if (found === undefined) throw new Error(`no ${kind}`);
    return found;
  };
  interface Container extends JsonObject {
    readonly name: string;
    readonly image: string;
    readonly args: readonly string[];
  }
  const { spec } = (of('DaemonSet')['spec'] as { template: { spec: JsonObject } }).template;
  const containers = [...(spec['initContainers'] as Container[]), ...(spec['containers'] as Container[])];

  test('may get nodes, and nothing else', () => {
    expect(of('ClusterRole')['rules']).toEqual([{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }]);
  });

  test('has the version of this tree, no privilege, and limits', () => {
    const { version } = JSON.parse(readFileSync(join(repoRoot, 'package.json'), 'utf8')) as {
      version: string;
    };
    for (const container of containers) {
      expect(container).toMatchObject({
        image: `localhost/plumbline:${version}`,
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        resources: { requests: { cpu: expect.anything(), memory: expect.anything() } },
      });
    }
  });

  test('runs before and after all others: on nodes that are not ready, and first', () => {
    expect(spec).toMatchObject({
      priorityClassName: 'system-node-critical',
      tolerations: [{ operator: 'Exists' }],
    });
  });

  test.each(containers)('$name calls a command that there is, with options that it has', async ({ args }) => {
    const [command = '', ...options] = args;
    let help = '';
    const stdout = { write: (text: string) => (help += text) };
    await runCli([command, '--help'], { stdout, stderr: stdout });
    const named = options
      .map((option) => option.split('=')[0] ?? '')
      .filter((option) => option.startsWith('--'));
    expect(named.length).toBeGreaterThan(0);
    for (const option of named) expect(help).toContain(option);
  });
});

const kustomize = kustomizer();
const title = `kustomize builds${kustomize === undefined ? ' [missing kustomize, or kubectl 1.21 or later]' : ''}`;
if (kustomize === undefined && process.env['CI'] === 'true')
  test(title, () => expect(kustomize).toBeDefined());
describe.skipIf(kustomize === undefined)(title, () => {
  const [program = '', command = ''] = kustomize ?? [];

  test.each(variants)('%s', (variant) => {
    const built = parseManifests(
      execFileSync(program, [command, join(deploy, variant)], { encoding: 'utf8' }),
    );
    check(built);
    expect(built.map(({ kind }) => kind)).toContain('DaemonSet');
    const bound = built.find(({ kind }) => kind === 'ClusterRoleBinding');
    expect(bound).toMatchObject({ subjects: [{ name: 'plumbline', namespace: 'kube-system' }] });
  });
});
