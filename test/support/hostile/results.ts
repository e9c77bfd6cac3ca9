/** Hostile results: what a runtime gives back as prevResult, and what an IPAM plugin answers. */
import * as fc from 'fast-check';
import { anyCommand, type HostileCall, type Json, ordinary, put, withConfig } from './call.ts';
import { deepList, deepObject, evilText } from './text.ts';

type Path = readonly (string | number)[];

const result: Json = {
  cniVersion: '1.0.0',
  interfaces: [{ name: 'eth0', mac: '02:00:00:00:00:01', sandbox: '/run/netns/blue' }],
  ips: [{ address: '10.1.0.2/16', gateway: '10.1.0.1', interface: 0 }],
  routes: [{ dst: '0.0.0.0/0', gw: '10.1.0.1' }],
  dns: { nameservers: ['10.1.0.1'], search: ['x'] },
};

/** Members whose type is looked at, with values that are of another. */
const typed: readonly (readonly [Path, readonly unknown[]])[] = [
  [['interfaces'], ['x', 1, {}, true]],
  [
    ['interfaces', 0],
    ['x', 1, [], null],
  ],
  [
    ['interfaces', 0, 'name'],
    [1, {}, [], '', null],
  ],
  [
    ['interfaces', 0, 'mac'],
    [1, {}, []],
  ],
  [
    ['interfaces', 0, 'mtu'],
    ['1', -1, 1.5, 1e300, {}],
  ],
  [
    ['interfaces', 0, 'sandbox'],
    [1, false, {}],
  ],
  [['ips'], ['x', 7, {}]],
  [
    ['ips', 0],
    ['10.1.0.2/16', 1, [], null],
  ],
  [
    ['ips', 0, 'address'],
    [1, {}, [], '', null],
  ],
  [
    ['ips', 0, 'gateway'],
    [1, {}, []],
  ],
  [
    ['ips', 0, 'interface'],
    ['0', -1, 0.5, {}, 2 ** 40],
  ],
  [['routes'], ['x', {}, 1]],
  [
    ['routes', 0],
    ['0.0.0.0/0', 1, []],
  ],
  [
    ['routes', 0, 'dst'],
    [1, {}, '', null],
  ],
  [
    ['routes', 0, 'gw'],
    [1, []],
  ],
  [
    ['routes', 0, 'mtu'],
    ['1', -1, 1e21],
  ],
  [
    ['routes', 0, 'priority'],
    [true, 2 ** 32],
  ],
  [['dns'], ['x', [], 1]],
  [
    ['dns', 'nameservers'],
    ['x', {}],
  ],
  [
    ['dns', 'nameservers', 0],
    [1, {}, null],
  ],
  [
    ['dns', 'domain'],
    [1, []],
  ],
  [['ip4'], ['x', [], 1, {}, { ip: 7 }, { ip: '10.0.0.1/8', routes: {} }]],
];

const malformed: fc.Arbitrary<unknown> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .constantFrom(...typed)
      .chain(([path, values]) => fc.constantFrom(...values.map((value) => put(result, path, value)))),
  },
  { weight: 1, arbitrary: fc.constantFrom<unknown>('x', 1, true, [], [result], '') },
);

const malformedPrevResult: fc.Arbitrary<HostileCall> = fc
  .tuple(anyCommand, malformed)
  .map(([command, prevResult]) =>
    withConfig(
      'veth-bridge',
      command,
      { ...ordinary('veth-bridge', command), prevResult },
      { what: `prevResult is ${JSON.stringify(prevResult)}`, expected: command === 'DEL' ? 0 : 6 },
    ),
  );

const deepPrevResult: fc.Arbitrary<HostileCall> = fc
  .tuple(fc.constantFrom('ADD', 'DEL'), fc.boolean())
  .map(([command, isList]) => {
    const call = withConfig(
      'veth-bridge',
      command,
      { ...ordinary('veth-bridge', command), prevResult: '@DEEP@' },
      { what: 'a deep prevResult', expected: isList && command !== 'DEL' ? 6 : 0 },
    );
    return { ...call, stdin: call.stdin.replace('"@DEEP@"', () => (isList ? deepList : deepObject)) };
  });

/** The types are right, and nothing else. A route that nobody has made is what CHECK finds missing. */
export const evilResult = fc
  .record({
    name: fc.oneof(evilText, fc.constantFrom('eth0', 'cni0', 'lo', 'all', '..', 'veth0')),
    mac: fc.oneof(evilText, fc.constantFrom('02:00:00:00:00:01 }; flush ruleset #', 'FF:FF:FF:FF:FF:FF', '')),
    sandbox: fc.option(evilText, { nil: undefined }),
    address: fc.oneof(
      evilText,
      fc.constantFrom('10.1.0.2/16', '0.0.0.0/0', '::/0', '127.0.0.1/8', '010.0.0.1/8', 'fe80::1%eth0/64'),
    ),
    gateway: evilText,
    interface: fc.constantFrom(undefined, 0, 1, 2, 99, 0xffffffff),
    dst: evilText,
    dns: evilText,
  })
  .map(
    ({ name, mac, sandbox, address, gateway, dst, dns, interface: index }): Json => ({
      cniVersion: dns,
      interfaces: [
        { name: 'cni0' },
        { name, mac },
        { name, mac, sandbox },
        { name: 'eth0', mac, sandbox: '/run/netns/blue' },
      ],
      ips: [
        { address, gateway, interface: index },
        { address, interface: 3 },
      ],
      routes: [{ dst: `!${dst}`, gw: gateway }],
      dns: { nameservers: [dns], domain: dns, search: [dns], options: [dns] },
      unknown: { [dns]: name },
    }),
  );

const evilPrevResult: fc.Arbitrary<HostileCall> = fc
  .tuple(anyCommand, evilResult, fc.boolean(), fc.boolean())
  .map(([command, prevResult, isAfter, iptables]) => {
    const config = {
      ...ordinary('veth-bridge', command),
      prevResult,
      ...(iptables ? { ipMasqBackend: 'iptables' } : {}),
    };
    const call = withConfig('veth-bridge', command, config, {
      what: `prevResult is ${JSON.stringify(prevResult).slice(0, 200)}`,
      expected: command === 'CHECK' ? 104 : 0,
    });
    // DEL also of what was never made, or is gone.
    if (isAfter || command !== 'DEL') return call;
    const { after: _none, ...alone } = call;
    return alone;
  });

/** An ADD whose IPAM plugin is another program, with this answer. */
function answered(what: string, stdout: string, expected: number, status = 0): HostileCall {
  const config = { ...ordinary('veth-bridge', 'ADD'), ipam: { type: 'ipam-other' } };
  return withConfig('veth-bridge', 'ADD', config, {
    what: `IPAM answers ${what.slice(0, 200)}`,
    expected,
    ipam: { status, stdout },
  });
}

const malformedAnswer = malformed.map((answer) =>
  answered(JSON.stringify(answer), JSON.stringify(answer), 6),
);

const brokenAnswer = fc
  .oneof(
    evilText,
    fc.constantFrom(
      '',
      '{}',
      '[]',
      'null',
      '{"ips":[]}',
      '{"ips":null}',
      deepList,
      deepObject,
      '{"ip4":null}',
    ),
  )
  .map((text) => answered(text, text, 6));

/** Texts where addresses are due. */
const evilAnswer = fc
  .tuple(
    fc.constantFrom<Path>(
      ['ips', 0, 'address'],
      ['ips', 0, 'gateway'],
      ['routes', 0, 'dst'],
      ['routes', 0, 'gw'],
    ),
    evilText,
  )
  .map(([path, text]) => {
    const answer = JSON.stringify(put(result, path, `!${text}`));
    return answered(answer, answer, 6);
  });

const oddAnswer = fc
  .tuple(
    evilText,
    fc.constantFrom<readonly [Path, unknown, number]>(
      [['ips', 0, 'address'], '10.1.0.2', 6],
      [['ips', 0, 'address'], '010.1.0.2/16', 6],
      [['ips', 0, 'address'], '10.1.0.2/33', 6],
      [['ips', 0, 'address'], '10.1.0.2/ 16', 6],
      [['ips', 0, 'address'], 'fe80::1%eth0/64', 6],
      [['ips', 0, 'gateway'], 'fd00::1', 6],
      [['ips', 0, 'interface'], 99, 0],
      [['ips', 0, 'unknown'], {}, 0],
      [['routes', 0, 'table'], 100, 0],
      [['routes', 0, 'unknown'], 'x', 0],
      [['cniVersion'], 'x', 0],
      [['interfaces'], [], 0],
      [['interfaces', 0, 'name'], '../../x', 0],
    ),
  )
  .map(([dns, [path, value, expected]]) => {
    const answer = JSON.stringify(put(put(result, path, value), ['dns', 'search', 0], dns));
    return answered(answer, answer, expected);
  });

const failedAnswer = fc
  .tuple(evilText, fc.constantFrom(1, 3, 7, 11, 50, 100, 112, 999), fc.constantFrom(1, 2, 127, 137))
  .map(([msg, code, status]) =>
    answered(
      `code ${code}`,
      JSON.stringify({ cniVersion: '1.0.0', code, msg: `m${msg}`, details: msg }),
      code,
      status,
    ),
  );

const crashed = fc
  .tuple(
    fc.oneof(
      evilText,
      fc.constantFrom('', '{}', '{"code":"7","msg":"x"}', '{"code":7}', '[{"code":7,"msg":"x"}]', deepList),
    ),
    fc.constantFrom(1, 2, 126, 139),
  )
  .map(([text, status]) => answered(text, text, 101, status));

export const evilPrevious: fc.Arbitrary<HostileCall> = fc.oneof(
  { weight: 4, arbitrary: malformedPrevResult },
  { weight: 8, arbitrary: evilPrevResult },
  { weight: 1, arbitrary: deepPrevResult },
);

export const evilIpam: fc.Arbitrary<HostileCall> = fc.oneof(
  malformedAnswer,
  brokenAnswer,
  evilAnswer,
  oddAnswer,
  failedAnswer,
  crashed,
);
