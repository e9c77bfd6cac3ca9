import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { executionConfig, parseChain } from '../../../../cli/network/chain.ts';
import { findNetwork, readNetDir } from '../../../../cli/network/find.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'plumbline-network-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: unknown): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const bridge = { type: 'veth-bridge', bridge: 'cni0', ipam: { type: 'host-local', subnet: '10.1.0.0/24' } };
const pods = {
  cniVersion: '1.0.0',
  cniVersions: ['1.1.0', '9.9.9', '0.4.0'],
  name: 'pods',
  plugins: [bridge, { type: 'portmap', capabilities: { portMappings: true, ips: false } }],
};

test('a list is a chain: its plugins in order, their IPAM, what each takes, the versions that we speak', () => {
  const { name, versions, plugins } = parseChain('10-pods.conflist', JSON.stringify(pods));
  expect({ name, versions }).toEqual({ name: 'pods', versions: ['0.4.0', '1.0.0', '1.1.0'] });
  expect(plugins.map(({ type, ipamType, capabilities }) => ({ type, ipamType, capabilities }))).toEqual([
    { type: 'veth-bridge', ipamType: 'host-local', capabilities: [] },
    { type: 'portmap', ipamType: undefined, capabilities: ['portMappings'] },
  ]);
});

test('one plugin is a chain of one, with its keys in any case; without a version it is 0.1.0', () => {
  const { name, versions, plugins } = parseChain('lab.conf', JSON.stringify({ Name: 'lab', ...bridge }));
  expect({ name, versions, count: plugins.length }).toEqual({ name: 'lab', versions: ['0.1.0'], count: 1 });
});

test('a plugin gets the name, the version, the result so far, and of capability arguments what it takes', () => {
  const chain = parseChain('10-pods.conflist', JSON.stringify(pods));
  const capabilityArgs = { portMappings: [], ips: ['10.1.0.9'], mac: '02:00:00:00:00:01' };
  const configs = chain.plugins.map((plugin) =>
    executionConfig(chain, plugin, '1.0.0', { capabilityArgs, prevResult: { ips: [] } }),
  );
  const added = { name: 'pods', cniVersion: '1.0.0', prevResult: { ips: [] } };
  expect(configs).toEqual([
    { ...bridge, ...added },
    { ...pods.plugins[1], ...added, runtimeConfig: { portMappings: [] } },
  ]);
  expect(executionConfig(chain, chain.plugins[0] as never, '1.1.0')).toEqual({
    ...bridge,
    name: 'pods',
    cniVersion: '1.1.0',
  });
});

test.each([
  ['x.conflist', '{"name": "x",}', /^x\.conflist:1:13: a comma before \}; remove it$/],
  ['x.conflist', '[]', /^x\.conflist: the file must be a JSON object, not \[\]$/],
  ['x.conf', '{"name": "x", "plugins": []}', /^x\.conf: plugins: expected a list of at least one plugin$/],
  ['x.conflist', '{"name": "x", "plugins": {}}', /^x\.conflist: plugins: \{\}, expected a list of plugins$/],
  ['x.conflist', '{"name": "x", "plugins": [1]}', /^x\.conflist: plugins\[0\]: 1, expected an object$/],
  [
    'x.conflist',
    '{"name": "x", "plugins": [{"type": "../sh"}]}',
    /plugins\[0\]\.type: "\.\.\/sh", expected the name of a plugin$/,
  ],
  ['x.conf', '{"type": "ovs"}', /^x\.conf: name: undefined must begin with a letter or digit/],
  ['x.conf', '{"type": "ovs", "name": "a", "cniVersion": "7"}', /^x\.conf: cniVersion: "7" is not supported/],
])('%s with %s is refused, with its place', (file, text, message) => {
  expect(() => parseChain(file, text)).toThrow(message);
});

test('a name is looked for in lists first, then in single plugins; a path is a file', () => {
  write('00-one.conf', { name: 'pods', ...bridge });
  const list = write('10-pods.conflist', pods);
  const lab = write('20-lab.json', { name: 'lab', ...bridge });
  write('30-other.txt', 'not looked at');
  expect(findNetwork('pods', folder).file).toBe(list);
  expect(findNetwork('lab', folder).file).toBe(lab);
  expect(findNetwork(lab, '/nowhere').name).toBe('lab');
  expect(readNetDir('/nowhere/at/all')).toEqual({ chains: [], faults: [] });
});

test('what is not found is told with what there is, and with what cannot be read', () => {
  write('10-pods.conflist', pods);
  const broken = write('20-broken.conflist', '{');
  expect(() => findNetwork('pod', folder)).toThrow(
    new RegExp(`^there is no network "pod" in ${folder}; did you mean pods\\?\n${broken}:1:`),
  );
  expect(() => findNetwork('storage', folder)).toThrow(/; it has pods\n/);
  expect(() => findNetwork('pods', '/nowhere')).toThrow(
    'there is no network "pods" in /nowhere; it has none',
  );
  expect(() => findNetwork('./nothing.conf', folder)).toThrow(/cannot be read: ENOENT/);
});

test('a list goes on with the files of the folder that has its name, unless it says otherwise', () => {
  write('10-pods.conflist', pods);
  write('pods/20-tuning.conf', { type: 'tuning' });
  write('pods/notes.txt', 'none');
  const types = (): readonly string[] => findNetwork('pods', folder).plugins.map(({ type }) => type);
  expect(types()).toEqual(['veth-bridge', 'portmap', 'tuning']);
  write('10-pods.conflist', { ...pods, loadOnlyInlinedPlugins: 'true' });
  expect(types()).toEqual(['veth-bridge', 'portmap']);
});
