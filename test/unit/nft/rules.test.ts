import { describe, expect, test } from 'vitest';
import { antiSpoofBase } from '../../../lib/nft/antispoof.ts';
import { checkRules } from '../../../lib/nft/check.ts';
import { masqueradeBase, masqueradeChain, subnetChain } from '../../../lib/nft/masquerade.ts';
import { collectNotes, notedRules, noteRules } from '../../../lib/nft/notes.ts';
import {
  addRules,
  collectRules,
  deleteRules,
  dropIdleChains,
  dropNetworkChains,
  forgetRules,
  type Rules,
  type RulesToDelete,
} from '../../../lib/nft/rules.ts';
import { recordingHost } from '../../support/recording-host.ts';
import { allowed, cidr, exists, guarded, missing, type NftHost, nftHost, owned, ownerOf } from './support.ts';

const [mine, theirs] = [ownerOf('c1'), ownerOf('c2')];
const mac = '02:00:00:00:00:01';
const rules: Rules = {
  owner: mine,
  masquerade: [cidr('10.1.0.2/16'), cidr('fd00::2/64')],
  guard: { port: 'veth0', mac },
};
const [chain4, chain6] = [subnetChain('pods', '10.1.0.0/16'), subnetChain('pods', 'fd00::/64')];
const comment = `comment "${mine.comment}"`;
const elements = [
  `create element inet plumbline owners4 { 10.1.0.2 . "${mine.key}" ${comment} }`,
  `create element inet plumbline sources4 { 10.1.0.2 ${comment} : goto ${chain4} }`,
  `create element inet plumbline owners6 { fd00::2 . "${mine.key}" ${comment} }`,
  `create element inet plumbline sources6 { fd00::2 ${comment} : goto ${chain6} }`,
  `create element bridge plumbline guarded { "veth0" ${comment} }`,
  `create element bridge plumbline allowed { "veth0" . ${mac} ${comment} }`,
];
const declarations = [
  ...masqueradeBase,
  ...masqueradeChain(mine, cidr('10.1.0.2/16')),
  ...masqueradeChain(mine, cidr('fd00::2/64')),
  ...antiSpoofBase,
];
const deletions = [
  `delete element inet plumbline owners4 { 10.1.0.2 . "${mine.key}" }`,
  'delete element inet plumbline sources4 { 10.1.0.2 }',
  `delete element inet plumbline owners6 { fd00::2 . "${mine.key}" }`,
  'delete element inet plumbline sources6 { fd00::2 }',
  'delete element bridge plumbline guarded { "veth0" }',
  `delete element bridge plumbline allowed { "veth0" . ${mac} }`,
];
const add = async (host: NftHost, declare = false): Promise<unknown> =>
  addRules(host, rules, { lock: `${host.runDir}/locks/ab`, declare });
const remove = async (host: NftHost, more: Partial<RulesToDelete> = {}): Promise<void> =>
  deleteRules(
    host,
    {
      owner: mine,
      rules: notedRules(host, mine) ?? noted,
      isNoted: true,
      doubtfulPort: undefined,
      ...more,
    },
    `${host.runDir}/locks/ab`,
  );
const noted = { masquerade: rules.masquerade, guards: [{ port: 'veth0', mac }] };
const none = { masquerade: [], guard: undefined };

describe('the rules of an ADD', () => {
  test('are one transaction of elements alone, each owner before its element', async () => {
    using host = nftHost();
    await add(host);
    expect(host.transactions()).toEqual([elements]);
  });

  test('declare tables and chains where they are found missing, or are not expected', async () => {
    using host = nftHost([missing]);
    await add(host);
    expect(host.transactions()).toEqual([elements, [...declarations, ...elements]]);
    using first = nftHost();
    await add(first, true);
    expect(first.transactions()).toEqual([[...declarations, ...elements]]);
  });

  test('take the place of a dead container\u2019s, and of nobody else\u2019s', async () => {
    const sets = {
      owners4: [owned('10.1.0.2', theirs), owned('10.1.0.3', ownerOf('c3'))],
      owners6: [owned('fd00::2', theirs)],
      guarded: [guarded('veth0', 'old'), guarded('veth9', 'other')],
      allowed: [allowed('veth0', '02:00:00:00:00:99', 'old'), allowed('veth9', mac, 'other')],
    };
    using host = nftHost([exists], sets);
    await add(host);
    const stale = [
      `delete element inet plumbline owners4 { 10.1.0.2 . "${theirs.key}" }`,
      'delete element inet plumbline sources4 { 10.1.0.2 }',
      `delete element inet plumbline owners6 { fd00::2 . "${theirs.key}" }`,
      'delete element inet plumbline sources6 { fd00::2 }',
      'delete element bridge plumbline allowed { "veth0" . 02:00:00:00:00:99 }',
      'delete element bridge plumbline guarded { "veth0" }',
    ];
    expect(host.transactions()).toEqual([elements, [...declarations, ...stale, ...elements]]);
  });

  test('that another call changes all the while are error 11', async () => {
    using host = nftHost([exists, exists]);
    await expect(add(host)).rejects.toThrow(
      expect.objectContaining({ code: 11, message: expect.stringContaining('try again') }),
    );
  });

  test('are no transaction where none is wanted', async () => {
    using host = nftHost();
    await addRules(host, { owner: mine, ...none }, { lock: `${host.runDir}/locks/ab`, declare: false });
    expect(host.runs).toEqual([]);
  });

  test('of a subnet return for it and for multicast, and masquerade the rest', () => {
    expect(masqueradeChain(mine, cidr('10.1.0.2/16'))).toEqual([
      `add chain inet plumbline ${chain4} { comment "network pods 10.1.0.0/16" ; }`,
      `flush chain inet plumbline ${chain4}`,
      `add rule inet plumbline ${chain4} ip daddr { 10.1.0.0/16, 224.0.0.0/4 } return`,
      `add rule inet plumbline ${chain4} masquerade`,
    ]);
    expect(chain4).not.toBe(subnetChain('other', '10.1.0.0/16'));
    expect(chain4).not.toBe(subnetChain('pods', '10.1.0.0/17'));
  });
});

describe('the rules of a DEL', () => {
  test('go in one transaction that fails unless the owner is this very attachment', async () => {
    using host = nftHost();
    await remove(host);
    expect(host.transactions()).toEqual([deletions]);
  });

  test('that were noted, whatever a result says, and the note goes with them', async () => {
    using host = nftHost();
    await add(host);
    expect(notedRules(host, mine)).toEqual(noted);
    noteRules(host, theirs, { masquerade: [cidr('10.1.0.9/16')], guards: [] });
    await remove(host);
    expect(host.transactions().slice(1)).toEqual([deletions]);
    const runs = host.runs.length;
    await forgetRules(host, mine, rules.masquerade);
    expect(notedRules(host, mine)).toBeUndefined();
    expect(host.runs).toHaveLength(runs);
    await forgetRules(host, theirs, rules.masquerade);
    expect(notedRules(host, theirs)).toBeUndefined();
    expect(host.runs.slice(runs).map(({ args }) => args.at(-1))).toEqual([chain4, chain6]);
  });

  test('are looked for where some are gone that are noted, by owner and comment', async () => {
    const sets = {
      owners4: [owned('10.1.0.7', mine), owned('10.1.0.8', theirs)],
      owners6: [],
      guarded: [guarded('veth0', mine.comment), guarded('veth9', theirs.comment)],
      allowed: [allowed('veth0', mac, mine.comment), allowed('veth9', mac, theirs.comment)],
    };
    using host = nftHost([missing], sets);
    await remove(host);
    expect(host.transactions()).toEqual([
      deletions,
      [
        `delete element inet plumbline owners4 { 10.1.0.7 . "${mine.key}" }`,
        'delete element inet plumbline sources4 { 10.1.0.7 }',
      ],
      [`delete element bridge plumbline allowed { "veth0" . ${mac} }`],
      ['delete element bridge plumbline guarded { "veth0" }'],
    ]);
  });

  test('are not looked for where nothing is noted', async () => {
    using host = nftHost([missing], { owners4: [owned('10.1.0.7', mine)] });
    await remove(host, { isNoted: false });
    expect(host.runs).toHaveLength(1);
  });

  test('of a port whose name is doubtful are looked up, to see whose they are', async () => {
    using host = nftHost([], { guarded: [guarded('veth0', theirs.comment)], allowed: [] });
    await remove(host, { doubtfulPort: 'veth0' });
    expect(host.transactions()).toEqual([deletions.slice(0, 4)]);
  });

  test('never take away those of the container that has the address now', async () => {
    using host = nftHost([missing], {
      owners4: [owned('10.1.0.2', theirs)],
      owners6: [owned('fd00::2', theirs)],
      guarded: [guarded('veth0', theirs.comment)],
    });
    await remove(host);
    expect(host.transactions()).toEqual([deletions]);
  });

  test('are those of every ADD since the last DEL, as far as a note can be read', () => {
    using host = nftHost();
    const other = { port: 'veth0', mac: '02:00:00:00:00:02' };
    noteRules(host, mine, noted);
    noteRules(host, mine, { masquerade: [cidr('10.1.0.7/16')], guards: [] });
    noteRules(host, mine, { masquerade: rules.masquerade, guards: [other] });
    expect(notedRules(host, mine)).toEqual({
      masquerade: [...rules.masquerade, cidr('10.1.0.7/16')],
      guards: [...noted.guards, other],
    });
    collectNotes(host, 'pods', new Set([mine.key]));
    expect(notedRules(host, mine)).toBeDefined();
    collectNotes(host, 'pods', new Set());
    expect(notedRules(host, mine)).toBeUndefined();
  });
});

describe('the rules of a GC', () => {
  test('that go are those that the caller calls stale', async () => {
    const sets = {
      owners4: [owned('10.1.0.2', mine), owned('10.1.0.3', theirs)],
      owners6: [owned('fd00::3', theirs)],
      guarded: [guarded('veth0', mine.comment), guarded('veth9', theirs.comment)],
      allowed: [allowed('veth9', mac, theirs.comment)],
    };
    using host = nftHost([], sets);
    await collectRules(host, (label) => label === theirs.comment);
    expect(host.transactions().flat()).toEqual([
      `delete element inet plumbline owners4 { 10.1.0.3 . "${theirs.key}" }`,
      'delete element inet plumbline sources4 { 10.1.0.3 }',
      `delete element inet plumbline owners6 { fd00::3 . "${theirs.key}" }`,
      'delete element inet plumbline sources6 { fd00::3 }',
      `delete element bridge plumbline allowed { "veth9" . ${mac} }`,
      'delete element bridge plumbline guarded { "veth9" }',
    ]);
  });

  test('go together; what another call deletes meanwhile does not keep the rest', async () => {
    const addresses = ['10.1.0.2', '10.1.0.3', '10.1.0.4', '10.1.0.5'];
    const sets = { owners4: addresses.map((address) => owned(address, theirs)) };
    const pairOf = (address: string): string[] => [
      `delete element inet plumbline owners4 { ${address} . "${theirs.key}" }`,
      `delete element inet plumbline sources4 { ${address} }`,
    ];
    const pairs = (...some: readonly string[]): string[] => some.flatMap(pairOf);
    // All of them, then the first half of them, of which the second is gone.
    using host = nftHost([missing, missing, {}, missing], sets);
    await collectRules(host, (label) => label === theirs.comment);
    expect(host.transactions()).toEqual([
      pairs(...addresses),
      pairs('10.1.0.2', '10.1.0.3'),
      pairs('10.1.0.2'),
      pairs('10.1.0.3'),
      pairs('10.1.0.4', '10.1.0.5'),
      // Its owner alone may be left.
      pairs('10.1.0.3').slice(0, 1),
    ]);
  });

  test('and chains of the network, not of others, and not of other tables', async () => {
    const chain = (name: string, table = 'plumbline'): unknown => ({
      chain: { family: 'inet', table, name },
    });
    const nftables = [
      { metainfo: {} },
      chain(chain4),
      chain('postrouting'),
      chain(subnetChain('other', '10.1.0.0/16')),
      chain(chain6, 'mine'),
    ];
    using host = recordingHost({
      answer: ({ args }) => (args.includes('chains') ? { stdout: JSON.stringify({ nftables }) } : undefined),
    });
    await dropNetworkChains(host, 'pods');
    await dropIdleChains(host, 'pods', [cidr('10.1.0.9/16'), cidr('10.1.3.4/16'), cidr('fd00::9/64')]);
    host.typedRuns();
    const deleted = host.runs.filter(({ args }) => args[0] === 'delete').map(({ args }) => args.at(-1));
    expect(deleted).toEqual([chain4, chain4, chain6]);
  });
});

describe('the rules of a CHECK', () => {
  const rule = { rule: {} };
  const listing = (nftables: readonly unknown[]) => ({ stdout: JSON.stringify({ nftables }) });

  test('are asked about, not changed, by one run; nothing is wrong where all is there', async () => {
    using host = nftHost();
    expect(await checkRules(host, rules)).toEqual([]);
    expect(host.transactions()).toEqual([
      [
        ...deletions,
        `add rule inet plumbline ${chain4} index 1 accept`,
        `add rule inet plumbline ${chain6} index 1 accept`,
        'add rule inet plumbline postrouting index 1 accept',
        'add rule bridge plumbline prerouting index 0 accept',
      ],
    ]);
    expect(host.runs.map(({ args }) => args[0])).toEqual(['-c']);
  });

  test('are no question where there are none', async () => {
    using host = nftHost();
    expect(await checkRules(host, { owner: mine, ...none })).toEqual([]);
    expect(host.runs).toEqual([]);
  });

  test('each that is gone is named', async () => {
    using host = nftHost([missing, missing, missing, missing]);
    expect(await checkRules(host, rules)).toEqual([
      expect.stringContaining('masquerade element of 10.1.0.2 is gone'),
      expect.stringContaining('masquerade element of fd00::2 is gone'),
      expect.stringMatching(/anti-spoofing elements of veth0 and 02:00:00:00:00:01 are gone/),
    ]);
  });

  test('chains without their rules, or with some alone, are named, too', async () => {
    const whole = [rule, rule];
    const cut = (name: string, left: readonly unknown[]) => {
      let isFirst = true;
      return recordingHost({
        answer({ args, options }) {
          if (args.includes('chain')) return listing(args.includes(name) ? left : whole);
          if (options.input === undefined || !isFirst) return undefined;
          isFirst = false;
          return missing;
        },
      });
    };
    const faults = [
      [chain4, [], /masquerade rules of 10\.1\.0\.0\/16/],
      [chain4, [rule], /masquerade rules of 10\.1\.0\.0\/16/],
      ['postrouting', [], /chain postrouting/],
      ['prerouting', [], /chain prerouting/],
    ] as const;
    for (const [name, left, message] of faults) {
      using host = cut(name, left);
      expect(await checkRules(host, rules)).toEqual([expect.stringMatching(message)]);
    }
  });
});
