import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseArgs, refuseUnknownArgs } from '../../../lib/cni/args.ts';

describe('CNI_ARGS', () => {
  test('are pairs, keys in any case, an empty value as absent', () => {
    const args = parseArgs('IP=10.0.0.5;mac=02:00:00:00:00:01;K8S_POD_NAME=');
    expect(args.get('ip')).toBe('10.0.0.5');
    expect(args.get('MAC')).toBe('02:00:00:00:00:01');
    expect(args.get('K8S_POD_NAME')).toBeUndefined();
    expect(args.get('IP ')).toBeUndefined();
    expect(parseArgs('').keys).toEqual([]);
  });

  test.each([';', 'IP', 'IP=1;', 'IP=1;;MAC=2', 'IP=a=b', ' '])('%j is no list of pairs: error 4', (text) => {
    expect(() => parseArgs(text)).toThrow(
      expect.objectContaining({ code: 4, message: expect.stringContaining('KEY=VALUE') }),
    );
  });

  test.each([
    ['1', true],
    ['true', true],
    ['TRUE', true],
    ['True', true],
    ['0', false],
    ['false', false],
    ['FALSE', false],
    ['', false],
  ])('IgnoreUnknown=%s is %s', (text, value) => {
    expect(parseArgs(`IgnoreUnknown=${text}`).ignoreUnknown).toBe(value);
  });

  test.each(['yes', 't', 'T', 'on', '2', ' 1', 'truee'])('IgnoreUnknown=%s is none: error 4', (text) => {
    expect(() => parseArgs(`IgnoreUnknown=${text}`)).toThrow(
      expect.objectContaining({ code: 4, message: expect.stringContaining('IgnoreUnknown') }),
    );
  });

  test('with unknown keys are refused, each of them named', () => {
    const args = parseArgs('IP=1;foo=2;K8S_POD_UID=3;BAR=4');
    expect(() => refuseUnknownArgs(args, ['IP'])).toThrow(
      expect.objectContaining({ code: 4, message: expect.stringMatching(/"foo".*"BAR".*IgnoreUnknown=1/) }),
    );
    expect(() => refuseUnknownArgs(args, ['IP', 'Foo', 'bar'])).not.toThrow();
    expect(() => refuseUnknownArgs(parseArgs('foo=2;IgnoreUnknown=1'), [])).not.toThrow();
  });

  test('come back as they were given', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9_:./-]{1,20}$/);
    const pairs = fc.uniqueArray(fc.tuple(word, word), { selector: ([key]) => key.toLowerCase() });
    fc.assert(
      fc.property(pairs, (given) => {
        fc.pre(!given.some(([key]) => key.toLowerCase() === 'ignoreunknown'));
        const args = parseArgs(given.map(([key, value]) => `${key}=${value}`).join(';'));
        expect(given.map(([key]) => args.get(key))).toEqual(given.map(([, value]) => value));
      }),
    );
  });
});
