/** How `plumbline doctor` prints what it has found. */
import { describe, expect, test } from 'vitest';
import { type Check, formatChecks, worstOf } from '../../../../cli/doctor/check.ts';
import { runCli } from '../../../../cli/index.ts';

describe('what is printed', () => {
  const checks: readonly Check[] = [
    { area: 'kernel', name: 'bridge', status: 'ok', message: 'there' },
    {
      area: 'tools',
      name: 'nft',
      status: 'problem',
      message: 'not installed',
      remedy: 'apt-get install nftables',
    },
    { area: 'kernel', name: 'ipvlan', status: 'warning', message: 'not there' },
  ];

  test('by areas, with what to do', () => {
    expect(formatChecks(checks)).toBe(
      [
        'kernel',
        '  ok       bridge: there',
        '  warning  ipvlan: not there',
        'tools',
        '  problem  nft: not installed',
        '           -> apt-get install nftables',
        '1 ok, 1 warning, 1 problem',
        '',
      ].join('\n'),
    );
  });

  test('the worst counts', () => {
    expect(worstOf(checks)).toBe('problem');
    expect(worstOf(checks.filter(({ status }) => status !== 'problem'))).toBe('warning');
    expect(worstOf([])).toBe('ok');
  });

  test('arguments that make no sense: exit status 2', async () => {
    let stderr = '';
    const io = { stdout: { write: () => undefined }, stderr: { write: (text: string) => (stderr += text) } };
    expect(await runCli(['doctor', '/etc'], io)).toBe(2);
    expect(stderr).toMatch(/Unexpected argument '\/etc'/);
  });
});
