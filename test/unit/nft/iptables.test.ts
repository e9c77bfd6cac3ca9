import { describe, expect, test } from 'vitest';
import type { RunResult } from '../../../lib/exec/runner.ts';
import {
  addIptables,
  checkIptables,
  collectIptables,
  deleteIptables,
  referenceChain,
} from '../../../lib/nft/iptables.ts';
import { type RecordingHost, recordingHost } from '../../support/recording-host.ts';
import { cidr, ownerOf } from './support.ts';

const mine = ownerOf('c1');
const chain = `PLUMBLINE-${mine.key}`;
const comment = `-m comment --comment "${mine.comment}"`;
const addresses = [cidr('10.1.0.2/16'), cidr('10.1.0.3/16'), cidr('fd00::2/64')];
const lock = (host: RecordingHost): string => `${host.runDir}/locks/ab`;
const jump = (owner = mine, address = '10.1.0.2/32'): string =>
  `-A POSTROUTING -s ${address} -m comment --comment "${owner.comment}" -j PLUMBLINE-${owner.key}`;

/** A host whose nat table has these rules in POSTROUTING, for both families, and these chains. */
function withRules(rules: readonly string[], chains: readonly string[] = []): RecordingHost {
  return recordingHost({
    answer({ program, args }): Partial<RunResult> | undefined {
      if (program !== 'iptables' && program !== 'ip6tables') return undefined;
      if (args.includes('-S'))
        return { stdout: ['-P POSTROUTING ACCEPT', ...(program === 'iptables' ? rules : []), ''].join('\n') };
      if (program !== 'iptables' || !chains.includes(String(args.at(-1)))) return { status: 1 };
      return {
        stdout: 'target  prot opt source  destination\nMASQUERADE  all  --  0.0.0.0/0  !224.0.0.0/4\n',
      };
    },
  });
}

/** What was restored, by program; each line is one that the grammar knows. */
function restored(host: RecordingHost): readonly (readonly [string, readonly string[]])[] {
  return host
    .typedRuns()
    .flatMap(({ program, action }, index) =>
      action.kind === 'iptables'
        ? [[program, (host.runs[index]?.options.input ?? '').trimEnd().split('\n')] as const]
        : [],
    );
}

describe('masquerading by iptables', () => {
  test('is one chain an attachment and family, restored as a whole beside all other rules', async () => {
    using host = withRules([]);
    await addIptables(host, mine, addresses, lock(host));
    expect(restored(host)).toEqual([
      [
        'iptables-restore',
        [
          '*nat',
          `:${chain} - [0:0]`,
          `-A ${chain} -d 10.1.0.0/16 ${comment} -j RETURN`,
          `-A ${chain} ! -d 224.0.0.0/4 ${comment} -j MASQUERADE`,
          `-A POSTROUTING -s 10.1.0.2/32 ${comment} -j ${chain}`,
          `-A POSTROUTING -s 10.1.0.3/32 ${comment} -j ${chain}`,
          'COMMIT',
        ],
      ],
      [
        'ip6tables-restore',
        [
          '*nat',
          `:${chain} - [0:0]`,
          `-A ${chain} -d fd00::/64 ${comment} -j RETURN`,
          `-A ${chain} ! -d ff00::/8 ${comment} -j MASQUERADE`,
          `-A POSTROUTING -s fd00::2/128 ${comment} -j ${chain}`,
          'COMMIT',
        ],
      ],
    ]);
    expect(chain.length).toBeLessThanOrEqual(28);
  });

  test('is removed with the jumps to it, and other rules stay', async () => {
    const foreign = '-A POSTROUTING -s 10.9.0.0/16 -j MASQUERADE';
    using host = withRules([foreign, jump(), jump(ownerOf('c2'), '10.1.0.9/32')], [chain]);
    await deleteIptables(host, mine, lock(host));
    expect(restored(host)).toEqual([
      ['iptables-restore', ['*nat', jump().replace('-A', '-D'), `-F ${chain}`, `-X ${chain}`, 'COMMIT']],
    ]);
  });

  test('that is gone needs no removal', async () => {
    using host = withRules([]);
    await deleteIptables(host, mine, lock(host));
    expect(restored(host)).toEqual([]);
  });

  test('that is stale is removed by GC', async () => {
    const stale = ownerOf('c2');
    using host = withRules([jump(), jump(stale, '10.1.0.9/32')], [chain, `PLUMBLINE-${stale.key}`]);
    await collectIptables(host, (label) => label === stale.comment, lock(host));
    expect(restored(host)).toEqual([
      [
        'iptables-restore',
        [
          '*nat',
          jump(stale, '10.1.0.9/32').replace('-A', '-D'),
          `-F PLUMBLINE-${stale.key}`,
          `-X PLUMBLINE-${stale.key}`,
          'COMMIT',
        ],
      ],
    ]);
  });

  test('is missed by CHECK, each address by name', async () => {
    using whole = withRules([jump()], [chain]);
    expect(await checkIptables(whole, mine, [cidr('10.1.0.2/16')])).toEqual([]);
    expect(await checkIptables(whole, mine, [cidr('10.1.0.3/16')])).toEqual([
      expect.stringMatching(/masquerade rule of 10\.1\.0\.3 is gone/),
    ]);
    using broken = withRules([jump()]);
    expect(await checkIptables(broken, mine, [cidr('10.1.0.2/16')])).toEqual([
      expect.stringContaining(chain),
    ]);
  });

  test('that fails is error 101 in iptables\u2019 words', async () => {
    using host = recordingHost({
      answer: ({ args }) =>
        args.some((arg) => typeof arg === 'object' && arg.tool.endsWith('-restore'))
          ? { status: 2, stderr: 'line 2 failed\nmore' }
          : { status: 1 },
    });
    await expect(addIptables(host, mine, addresses, lock(host))).rejects.toThrow(
      expect.objectContaining({
        code: 101,
        message: 'iptables-restore failed: line 2 failed',
        details: 'line 2 failed\nmore',
      }),
    );
  });
});

test('the reference\u2019s chain of a container is named as the reference names it', () => {
  // FormatChainName("test", "1234") of containernetworking/plugins, pkg/utils/utils_test.go.
  expect(referenceChain('test', '1234')).toBe('CNI-2bbe0c48b91a7d1b8a6753a8');
});
