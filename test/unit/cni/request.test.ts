import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseArgs } from '../../../lib/cni/args.ts';
import { chosenMac } from '../../../lib/cni/mac.ts';
import {
  commands,
  ifnameFault,
  type PluginCommand,
  parseCommand,
  parseRequest,
} from '../../../lib/cni/request.ts';
import { batchText } from '../../../lib/ip/command.ts';
import { cutAsIpDoes } from '../../support/recording/words.ts';

const env = {
  CNI_CONTAINERID: 'c1',
  CNI_NETNS: '/run/netns/blue',
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/opt/cni/bin',
};
const config = '{"cniVersion": "1.1.0", "name": "pods"}';
const failure = (code: number, message: RegExp): unknown =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('CNI_COMMAND', () => {
  test.each(commands)('%s is a command', (command) => expect(parseCommand(command)).toBe(command));
  test.each(['add', 'ADD ', 'PLUG', '\0', 'constructor', 'ADD;DEL'])('%j is none: error 4', (text) => {
    expect(() => parseCommand(text)).toThrow(
      failure(4, /CNI_COMMAND: .* none of ADD, DEL, CHECK, GC, STATUS, VERSION/),
    );
  });
});

describe('what is missing in the environment is told in one error 4', () => {
  const wanted: readonly (readonly [PluginCommand, readonly string[]])[] = [
    ['ADD', ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH']],
    ['CHECK', ['CNI_CONTAINERID', 'CNI_NETNS', 'CNI_IFNAME', 'CNI_PATH']],
    ['DEL', ['CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_PATH']],
    ['GC', ['CNI_PATH']],
    ['STATUS', ['CNI_PATH']],
  ];
  test.each(wanted)('%s needs %j', (command, names) => {
    expect(() => parseRequest(command, {}, config)).toThrow(failure(4, new RegExp(names.join(', '))));
    for (const name of names) {
      const message = new RegExp(`^${command} needs ${name} in the environment$`);
      expect(() => parseRequest(command, { ...env, [name]: undefined }, config)).toThrow(failure(4, message));
      expect(() => parseRequest(command, { ...env, [name]: '' }, config)).toThrow(failure(4, message));
    }
    const unneeded = Object.fromEntries(Object.entries(env).filter(([name]) => names.includes(name)));
    expect(parseRequest(command, unneeded, config).command).toBe(command);
  });
});

describe('a request', () => {
  test('holds what environment and config say', () => {
    const request = parseRequest(
      'ADD',
      { ...env, CNI_ARGS: 'IP=10.0.0.5', CNI_PATH: '/a::/b', EXTRA: 'x' },
      config,
    );
    expect(request).toMatchObject({
      command: 'ADD',
      cniVersion: '1.1.0',
      network: 'pods',
      containerId: 'c1',
      ifname: 'eth0',
      netns: '/run/netns/blue',
      path: ['/a', '/b'],
      netnsOverride: false,
      stdin: config,
    });
    expect(request.args.get('IP')).toBe('10.0.0.5');
    expect(request.env['EXTRA']).toBe('x');
  });

  test.each([
    ['1', true],
    ['true', true],
    ['TRUE', true],
    ['True', true],
    ['0', false],
    ['', false],
    ['yes', false],
    ['1 ', false],
  ])('CNI_NETNS_OVERRIDE=%s is %s', (text, value) => {
    expect(parseRequest('ADD', { ...env, CNI_NETNS_OVERRIDE: text }, config).netnsOverride).toBe(value);
  });

  test.each(['', '{', '[]', '"x"', 'null', '1', '{"name":"a"}x', '\ufeff{}', '{"a":1,}', "{'a':1}"])(
    'on stdin %j is no config: error 6',
    (text) => expect(() => parseRequest('ADD', env, text)).toThrow(failure(6, /config on standard input/)),
  );

  test.each([
    undefined,
    null,
    '',
    7,
    {},
    '.',
    '.x',
    '-x',
    '_x',
    'a/b',
    '../a',
    'a b',
    'a\n',
    'ä',
    'a'.repeat(256),
  ])('name %j is none: error 7', (name) => {
    const text = JSON.stringify({ cniVersion: '1.0.0', name });
    expect(() => parseRequest('ADD', env, text)).toThrow(failure(7, /^name: /));
  });

  test.each(['a', '0', 'a.b_c-D', 'a'.repeat(255)])('name %s is one', (name) => {
    expect(parseRequest('ADD', env, JSON.stringify({ NAME: name })).network).toBe(name);
  });

  test.each(['-c', '.c', '_c', 'a/b', '..', 'a b', 'a;b', 'a\n', 'a\0', 'é', 'a'.repeat(256)])(
    'CNI_CONTAINERID %j is none: error 4',
    (id) => {
      const odd = { ...env, CNI_CONTAINERID: id };
      for (const command of ['ADD', 'DEL', 'CHECK'] as const) {
        expect(() => parseRequest(command, odd, config)).toThrow(failure(4, /^CNI_CONTAINERID: /));
      }
      expect(parseRequest('GC', odd, config).command).toBe('GC');
    },
  );

  test.each([
    ['CHECK', '0.3.1', '0.4.0'],
    ['GC', '1.0.0', '1.1.0'],
    ['STATUS', '1.0.0', '1.1.0'],
  ] as const)('%s of %s is error 1, of %s it is fine', (command, before, since) => {
    const text = (version: string): string => JSON.stringify({ cniVersion: version, name: 'pods' });
    const message = new RegExp(`${command} needs cniVersion ${since} or later, .* ${before}`);
    expect(() => parseRequest(command, env, text(before))).toThrow(failure(1, message));
    expect(parseRequest(command, env, text(since)).cniVersion).toBe(since);
    expect(parseRequest('DEL', env, text(before)).cniVersion).toBe(before);
  });
});

describe('CNI_IFNAME', () => {
  const spaces = [' ', '\t', '\n', '\u00a0', '\u2028', '\u0085', 'à'];
  const bad = [
    '.',
    '..',
    'all',
    'default',
    'a/b',
    'a:b',
    'a%d',
    'a"b',
    "a'b",
    'a#b',
    'a\\b',
    '\u007f',
    'a\0',
    'é'.repeat(8),
  ];
  test.each([...bad, ...spaces, 'a'.repeat(16), '\ufffd', '\ud800'])('%j is none: error 4', (name) => {
    expect(() => parseRequest('DEL', { ...env, CNI_IFNAME: name }, config)).toThrow(
      failure(4, /^CNI_IFNAME: /),
    );
  });

  test.each(['e', 'eth0', 'a'.repeat(15), '-x', 'x=y', '$(id)', ';reboot', 'é', '{a}', 'dev', '*', '`id`'])(
    '%j is one',
    (name) => {
      expect(parseRequest('ADD', { ...env, CNI_IFNAME: name }, config).ifname).toBe(name);
    },
  );

  test('that passes is one word of a batch, and a link of that name can be told from any other', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 16 }), (name) => {
        fc.pre(ifnameFault(name) === undefined);
        expect(cutAsIpDoes(batchText([['link', 'set', 'dev', name, 'up']]))).toEqual([
          ['link', 'set', 'dev', name, 'up'],
        ]);
        expect(Buffer.from(name).toString()).toBe(name);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('the MAC address asked for', () => {
  const of = (n: number): string => `02:00:00:00:00:0${n}`;
  const all = { name: 'n', mac: of(4), args: { cni: { mac: of(2) } }, runtimeConfig: { mac: of(1) } };
  const args = parseArgs(`MAC=${of(3)}`);

  test('is runtimeConfig over args.cni over CNI_ARGS over the config', () => {
    expect(chosenMac(all, args)).toBe(of(1));
    expect(chosenMac({ ...all, runtimeConfig: {} }, args)).toBe(of(2));
    expect(chosenMac({ name: 'n', mac: of(4), runtimeConfig: { mac: '' } }, args)).toBe(of(3));
    expect(chosenMac({ name: 'n', mac: of(4) }, parseArgs(''))).toBe(of(4));
    expect(chosenMac({ name: 'n' }, parseArgs(''))).toBeUndefined();
  });

  test('is taken in the forms that Go takes', () => {
    expect(chosenMac({ name: 'n', mac: '02-AB-cd-00-00-0F' }, parseArgs(''))).toBe('02:ab:cd:00:00:0f');
  });

  test.each([
    'x',
    '02:00:00:00:00',
    '01:00:5e:00:00:01',
    'ff:ff:ff:ff:ff:ff',
    '00:00:00:00:00:00',
    '02:00:00:00:00:01 x',
    '0200.0000.0001',
  ])('%j is no unicast one: error 7, or 4 in CNI_ARGS', (mac) => {
    expect(() => chosenMac({ name: 'n', mac }, parseArgs(''))).toThrow(failure(7, /^mac: /));
    expect(() => chosenMac({ name: 'n', runtimeConfig: { mac } }, parseArgs(''))).toThrow(
      failure(7, /^runtimeConfig\.mac: /),
    );
    expect(() => chosenMac({ name: 'n' }, parseArgs(`MAC=${mac}`))).toThrow(failure(4, /^CNI_ARGS: MAC: /));
  });
});
