import { describe, expect, test } from 'vitest';
import { parseDocument } from '../../../lib/ip/document.ts';

describe('what ip prints', () => {
  test('is JSON', () => {
    expect(parseDocument('[{"ifname":"eth0"}]\n')).toEqual([{ ifname: 'eth0' }]);
  });

  test('may have control characters in a string, which ip does not escape', () => {
    const alias = '\u0001\u001b[2J\u000b';
    expect(parseDocument(`[{"ifalias":"${alias}"}]\n`)).toEqual([{ ifalias: alias }]);
  });

  test('what is no JSON is told', () => {
    expect(() => parseDocument('[{"ifname":')).toThrow(SyntaxError);
    expect(() => parseDocument('\u0001')).toThrow(SyntaxError);
  });
});
