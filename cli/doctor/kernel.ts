/**
 * What the kernel can do, by trying: in a network namespace that is made for it and goes with the child that tries. So
 * nothing of the machine's own network is touched, and nothing can be left behind.
 */
import type { Host } from '../../lib/exec/host.ts';
import type { Arg } from '../../lib/exec/runner.ts';
import { antiSpoofBase } from '../../lib/nft/antispoof.ts';
import { masqueradeBase } from '../../lib/nft/masquerade.ts';
import { type Check, causeOf, checksOf } from './check.ts';
import type { Need, Needs } from './needs.ts';

const { ok, warning, problem } = checksOf('kernel');

/** The oldest that plumbline is made for. */
const oldestKernel = '5.10';

interface Feature {
  /** As the script names it. */
  readonly name: string;
  readonly title: string;
  readonly need: Need;
  /** Kernel option, or module, that brings it. */
  readonly option: string;
}

const features: readonly Feature[] = [
  { name: 'bridge', title: 'Linux bridge', need: 'bridge', option: 'CONFIG_BRIDGE (module bridge)' },
  { name: 'veth', title: 'veth pairs', need: 'bridge', option: 'CONFIG_VETH (module veth)' },
  {
    name: 'port',
    title: 'isolated and hairpin ports',
    need: 'bridge',
    option: 'CONFIG_BRIDGE (module bridge)',
  },
  {
    name: 'vlan-filtering',
    title: 'VLAN filtering of a bridge',
    need: 'vlan',
    option: 'CONFIG_BRIDGE_VLAN_FILTERING',
  },
  {
    name: 'vlan',
    title: "VLAN links, for a VLAN's gateway",
    need: 'vlan',
    option: 'CONFIG_VLAN_8021Q (module 8021q)',
  },
  { name: 'macvlan', title: 'macvlan', need: 'macvlan', option: 'CONFIG_MACVLAN (module macvlan)' },
  { name: 'ipvlan', title: 'ipvlan', need: 'ipvlan', option: 'CONFIG_IPVLAN (module ipvlan)' },
  {
    name: 'ipv6',
    title: 'IPv6',
    need: 'ipv6',
    option: 'CONFIG_IPV6, and ipv6.disable=1 off the command line',
  },
  {
    name: 'masquerade',
    title: 'nft masquerading by maps',
    need: 'masquerade',
    option: 'CONFIG_NF_TABLES_INET, CONFIG_NFT_MASQ, CONFIG_NFT_NAT',
  },
  {
    name: 'antispoof',
    title: 'nft in the bridge family',
    need: 'antispoof',
    option: 'CONFIG_NF_TABLES_BRIDGE',
  },
  {
    name: 'iptables',
    title: 'iptables masquerading',
    need: 'iptables',
    option: 'CONFIG_IP_NF_NAT or CONFIG_NFT_COMPAT, CONFIG_NETFILTER_XT_TARGET_MASQUERADE',
  },
  { name: 'shaping', title: 'shaping of links (htb)', need: 'limits', option: 'CONFIG_NET_SCH_HTB' },
  {
    name: 'policing',
    title: 'policing of links (ingress)',
    need: 'limits',
    option: 'CONFIG_NET_SCH_INGRESS, CONFIG_NET_ACT_POLICE, CONFIG_NET_CLS_MATCHALL',
  },
];

/** Tries each feature, and prints `NAME ok`, or `NAME no WHY`. Its arguments are paths of programs, or empty. */
const script = `
ip=$1 nft=$2 tc=$3 iptables=$4
try() {
  name=$1; shift
  if words=$("$@" 2>&1); then echo "$name ok"; else echo "$name no $words" | { IFS= read -r line; echo "$line"; }; fi
}
rules() { printf '%s\\n' "$1" | "$nft" -f - ; }
try bridge "$ip" link add plb0 type bridge
try veth "$ip" link add plv0 type veth peer name plv1
"$ip" link set plv0 master plb0 2>/dev/null
try port "$ip" link set plv0 type bridge_slave isolated on hairpin on
try vlan-filtering "$ip" link set plb0 type bridge vlan_filtering 1
try vlan "$ip" link add link plb0 name plb0.5 type vlan id 5
try macvlan "$ip" link add plm0 link plv1 type macvlan mode bridge
"$ip" link del plm0 2>/dev/null
try ipvlan "$ip" link add pli0 link plv1 type ipvlan mode l2
try ipv6 "$ip" -6 address add fd70:6c62::1/64 dev lo
if [ -n "$nft" ]; then try masquerade rules "$5"; try antispoof rules "$6"; fi
if [ -n "$iptables" ]; then try iptables "$iptables" -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE; fi
if [ -n "$tc" ]; then
  try shaping "$tc" qdisc add dev plv0 root handle 1: htb
  "$tc" qdisc add dev plv0 ingress 2>/dev/null
  try policing "$tc" filter add dev plv0 parent ffff: matchall action police rate 1mbit burst 10k drop
fi
`;

/** Milliseconds; modules may have to be loaded. */
const patience = 30_000;

/** The transactions that ADD sends, and a rule that masquerades. */
const masquerading = [
  ...masqueradeBase,
  'add chain inet plumbline masq-example',
  'add rule inet plumbline masq-example masquerade',
];

export async function checkKernel(host: Host, needs: Needs): Promise<readonly Check[]> {
  const checks = [checkVersion(host)];
  const tool = (name: string): Arg => (host.runner.has(name) ? { tool: name } : '');
  if (!host.runner.has('ip')) {
    return [
      ...checks,
      warning('features', 'not tried, since the program "ip" is not installed', 'install iproute2'),
    ];
  }
  try {
    const { status, stdout, stderr } = await host.runner.run(
      'unshare',
      [
        ...['--net', '--', { tool: 'sh' }, '-c', script, 'sh'],
        ...['ip', 'nft', 'tc', 'iptables'].map(tool),
        ...[masquerading.join('\n'), antiSpoofBase.join('\n')],
      ],
      { timeout: patience },
    );
    const found = readFeatures(stdout);
    if (status !== 0 && found.size === 0) return [...checks, namespaceFault(stderr.trim())];
    return [
      ...checks,
      ok('netns', 'network namespaces can be made'),
      ...features.flatMap((one) => judge(one, found, needs)),
    ];
  } catch (error) {
    return [
      ...checks,
      warning('features', ...causeOf(error, 'install what is missing, and run this as root')),
    ];
  }
}

function namespaceFault(words: string): Check {
  if (/not permitted/i.test(words)) {
    return warning('netns', 'features were not tried: no network namespace may be made', 'run this as root');
  }
  return problem('netns', `no network namespace can be made: ${words}`, 'use a kernel with CONFIG_NET_NS');
}

function readFeatures(stdout: string): ReadonlyMap<string, string> {
  return new Map(
    stdout.split('\n').flatMap((line) => {
      const [, name, verdict, words = ''] = /^(\S+) (ok|no)(?: (.*))?$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, verdict === 'ok' ? '' : words || 'no reason given'] as const];
    }),
  );
}

function judge(
  { name, title, need, option }: Feature,
  found: ReadonlyMap<string, string>,
  needs: Needs,
): readonly Check[] {
  const words = found.get(name);
  // Its program is missing, and that is told of the program.
  if (words === undefined) return [];
  if (words === '') return [ok(name, title)];
  const users = needs.get(need);
  const remedy = `use a kernel with ${option}`;
  if (users === undefined)
    return [warning(name, `${title}: not to be had (${words}); no network here needs it`, remedy)];
  return [problem(name, `${title}: not to be had (${words}), and ${listed(users)} it`, remedy)];
}

function listed(users: readonly string[]): string {
  const names = users.slice(0, 3).map((name) => `"${name}"`);
  const more = users.length > 3 ? ` and ${users.length - 3} more` : '';
  return `${users.length === 1 ? 'network' : 'networks'} ${names.join(', ')}${more} ${users.length === 1 ? 'needs' : 'need'}`;
}

function checkVersion({ kernel }: Host): Check {
  const release = kernel.read('/proc/sys/kernel/osrelease') ?? '';
  if (isOlder(release, oldestKernel)) {
    return warning('version', `Linux ${release}`, `plumbline is made for ${oldestKernel} or later`);
  }
  return ok('version', `Linux ${release || '(unknown)'}`);
}

/** Whether a version such as 6.1.0-13-amd64 comes before another; one that cannot be read does not. */
export function isOlder(version: string, oldest: string): boolean {
  const [a, b] = [version, oldest].map((text) =>
    (/\d+(?:\.\d+)*/.exec(text)?.[0] ?? '').split('.').map(Number),
  );
  if (a === undefined || b === undefined || version === '') return false;
  const at = b.findIndex((number, index) => (a[index] ?? 0) !== number);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}
