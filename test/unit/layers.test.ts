import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findViolations } from '../../scripts/layers.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'layers-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

const found = () => findViolations(root).map(({ place, message }) => `${place}: ${message}`);

test('a tree whose imports go down is in order', () => {
  write('main.ts', `import { a } from './plugins/index.ts';\nawait import('./cli/index.ts');\n`);
  write('cli/index.ts', `import './install.ts';\nimport { b } from '../lib/ip/batch.ts';\n`);
  write(
    'plugins/index.ts',
    `import { p } from './ovs/plugin.ts';\nimport { h } from '../ipam/host-local/plugin.ts';\n`,
  );
  write(
    'plugins/ovs/plugin.ts',
    `import { c } from './config.ts';\nimport type { R } from '../../lib/cni/result.ts';\n`,
  );
  write('ipam/host-local/plugin.ts', `import { a } from '../../lib/net/address.ts';\n`);
  write('lib/cni/request.ts', `import { E } from '../errors.ts';\nexport { r } from '../exec/runner.ts';\n`);
  write('lib/errors.ts', `import { inspect } from 'node:util';\n`);
  write('test/support/x.ts', `import '../../plugins/ovs/plugin.ts';\n`);
  expect(found()).toEqual([]);
});

test.each([
  [
    'a plugin that imports another',
    'plugins/macvlan/plugin.ts',
    '../ipvlan/link.ts',
    'plugins/ipvlan/link.ts',
  ],
  [
    'a plugin that imports an IPAM',
    'plugins/ovs/plugin.ts',
    '../../ipam/host-local/pool.ts',
    'ipam/host-local/pool.ts',
  ],
  ['a plugin that imports the table', 'plugins/ovs/plugin.ts', '../index.ts', 'plugins/index.ts'],
  ['an IPAM that imports a plugin', 'ipam/host-local/x.ts', '../../plugins/ovs/x.ts', 'plugins/ovs/x.ts'],
  ['the protocol with networking', 'lib/cni/x.ts', '../ip/link.ts', 'lib/ip/link.ts'],
  ['one driver in another', 'lib/nft/x.ts', '../ip/link.ts', 'lib/ip/link.ts'],
  ['a driver that knows the protocol', 'lib/ip/x.ts', '../cni/request.ts', 'lib/cni/request.ts'],
  ['the ground floor looking up', 'lib/exec/x.ts', '../cni/log.ts', 'lib/cni/log.ts'],
  ['a command line below itself', 'lib/ip/x.ts', '../../cli/index.ts', 'cli/index.ts'],
  ['anything that imports the entry', 'cli/x.ts', '../main.ts', 'main.ts'],
  ['anything that imports tests', 'plugins/ovs/x.ts', '../../test/support/x.ts', 'test/support/x.ts'],
  ['a neighbour whose name begins alike', 'lib/ip/x.ts', '../network/x.ts', 'lib/network/x.ts'],
])('%s is found', (_what, from, specifier, target) => {
  write(from, `/**\n * Text.\n */\nimport { x } from '${specifier}';\n`);
  expect(found()).toEqual([expect.stringMatching(`^${from}:4: .* does not import ${target}$`)]);
});

test.each([
  `import type { x } from '../cni/x.ts';`,
  `import {\n  x,\n  y,\n} from '../cni/x.ts';`,
  `import '../cni/x.ts';`,
  `export * from '../cni/x.ts';`,
  `export type { x } from '../cni/x.ts';`,
  `const x = await import('../cni/x.ts');`,
  `let x: import('../cni/x.ts').X;`,
  `const x = require("../cni/x.ts");`,
])('it is found in the form %j', (text) => {
  write('lib/exec/x.ts', text);
  expect(found()).toHaveLength(1);
});

test('what a comment mentions is no import', () => {
  write(
    'lib/exec/x.ts',
    `// import { x } from '../cni/x.ts';\n/* import '../cni/x.ts'; */\n/**\n * from '../cni/x.ts'\n */\n`,
  );
  expect(found()).toEqual([]);
});

test('a folder that nobody has given a layer is found', () => {
  write('lib/dns/x.ts', '');
  expect(found()).toEqual(['lib/dns/x.ts: is in no layer: add its folder to scripts/layers.ts']);
});
