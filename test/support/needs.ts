/**
 * Tests that need a component which a machine may lack: then they are skipped, and their name says why. Where
 * CI=true they fail instead: nothing is left out in silence. What only another kernel can bring stays a named skip
 * there too: those tests run in the virtual machine.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe } from 'vitest';
import { findStaticBusybox } from './busybox.ts';
import { type EndToEnd, test } from './fixtures.ts';
import { inVirtualMachine, isRepeated } from './pace.ts';
import {
  type BuiltProgram,
  binDir,
  findBuilt,
  findProgram,
  isExecutable,
  referenceDir,
  systemPath,
} from './paths.ts';

/** Each tells what is missing, or nothing. */
const probes = {
  root: () => (process.getuid?.() === 0 ? undefined : 'not run as root'),
  built: () =>
    isExecutable(join(binDir, 'veth-bridge')) ? undefined : `no ${binDir}/veth-bridge: run make build`,
  nft: () => program('nft', 'nftables'),
  iptables: () => program('iptables', 'iptables') ?? kernel('iptables -t nat -A POSTROUTING -j MASQUERADE'),
  'iptables-legacy': () =>
    program('iptables-legacy', 'iptables') ?? kernel('iptables-legacy -t nat -A POSTROUTING -j MASQUERADE'),
  cnitool: () => builtProgram('cnitool'),
  // An image's own program and the runtime that runs it are part of it.
  containerd: () =>
    program('containerd', 'containerd') ??
    program('ctr', 'containerd') ??
    program('runc', 'runc') ??
    (findStaticBusybox() === undefined
      ? 'no static busybox is installed (apt-get install busybox-static)'
      : undefined),
  crictl: () => builtProgram('crictl'),
  multus: () => builtProgram('multus'),
  reference: () =>
    isExecutable(join(referenceDir, 'bridge'))
      ? undefined
      : `no plugins in ${referenceDir} (apt-get install containernetworking-plugins)`,
  strace: () => program('strace', 'strace'),
  tcpdump: () => program('tcpdump', 'tcpdump'),
  dnsmasq: () => program('dnsmasq', 'dnsmasq-base'),
  iperf3: () => program('iperf3', 'iperf3'),
  ethtool: () => program('ethtool', 'ethtool'),
  ipv6: () => (existsSync('/proc/net/if_inet6') ? undefined : 'the kernel has no IPv6'),
  'nft-bridge': () => kernel('nft add table bridge t'),
  'nft-masquerade': () =>
    kernel('nft "table inet t { chain c { type nat hook postrouting priority 100; masquerade; }; }"'),
  'vlan-filtering': () => kernel('ip link add br0 type bridge vlan_filtering 1'),
  'port-isolation': () =>
    kernel(
      'ip link add br0 type bridge; ip link add p0 master br0 type veth; bridge link set dev p0 isolated on',
    ),
  ipvlan: () => kernel('ip link add p0 type veth; ip link add v0 link p0 type ipvlan'),
  macvlan: () => kernel('ip link add p0 type veth; ip link add v0 link p0 type macvlan'),
  vlan: () => kernel('ip link add p0 type veth; ip link add v0 link p0 type vlan id 5'),
  ovs: () =>
    program('ovs-vsctl', 'openvswitch-switch') ??
    program('ovsdb-server', 'openvswitch-switch') ??
    program('ovs-vswitchd', 'openvswitch-switch'),
  'ovs-kernel': () => program('ovs-dpctl', 'openvswitch-switch') ?? kernel('ovs-dpctl add-dp probe'),
  // On a real machine its functions may be in use.
  sriov: () =>
    inVirtualMachine
      ? kernel('test "$(cat /sys/bus/pci/devices/*/sriov_totalvfs | wc -l)" -ge 2')
      : 'runs in the virtual machine alone',
  // A clock is not namespaced: it is the machine's.
  clock: () => (inVirtualMachine ? undefined : 'is set in the virtual machine alone'),
  tbf: () =>
    kernel('ip link add p0 type veth; tc qdisc add dev p0 root tbf rate 1mbit burst 10k latency 50ms'),
  // What Open vSwitch limits with: what comes out of a container, and what goes into it.
  policing: () =>
    kernel(
      'ip link add p0 type veth; tc qdisc add dev p0 ingress; tc filter add dev p0 parent ffff: matchall action police rate 1mbit burst 10k conform-exceed drop',
    ),
  htb: () => kernel('ip link add p0 type veth; tc qdisc add dev p0 root htb'),
} as const satisfies Record<string, () => string | undefined>;

export type Component = keyof typeof probes;

/** Features of the kernel, which nothing that can be installed brings. */
const kernelFeatures: readonly Component[] = [
  'vlan-filtering',
  'ipvlan',
  'vlan',
  'sriov',
  'clock',
  'ovs-kernel',
  'policing',
  'htb',
];

const known = new Map<Component, string | undefined>();

/** What is missing of these, in words; an empty list where all is there. */
export function missingOf(needs: readonly Component[]): readonly string[] {
  return needs.flatMap((need) => {
    if (!known.has(need)) known.set(need, probes[need]());
    const reason = known.get(need);
    return reason === undefined ? [] : [`${need}: ${reason}`];
  });
}

export function has(component: Component): boolean {
  return missingOf([component]).length === 0;
}

/** Whether the host's own run cannot have tried it: in the virtual machine, what needs a full kernel. */
export function isNewHere(needs: readonly Component[]): boolean {
  return !inVirtualMachine || needs.some((need) => kernelFeatures.includes(need));
}

/** A group of tests that need components. */
export function describeNeeds(needs: readonly Component[], name: string, body: () => void): void {
  const missing = missingOf(needs);
  if (missing.length === 0) describe(name, body);
  else if (mustBeThere(needs)) describe(name, () => void failing('has what it needs', missing));
  else describe.skip(titleOf(name, missing), body);
}

/** A test that needs components, with the fixtures of {@link test}. */
export function testNeeds(
  needs: readonly Component[],
  name: string,
  body: (context: EndToEnd) => Promise<void>,
  timeout?: number,
): void {
  const missing = missingOf(needs);
  if (missing.length === 0) test(name, body, timeout);
  else if (mustBeThere(needs)) failing(name, missing);
  else test.skip(titleOf(name, missing), body);
}

type Declare = (name: string, body: (context: EndToEnd) => Promise<void>, timeout?: number) => void;

/** `test` and `testNeeds` for a file of which the virtual machine repeats some: each tenth case, the first among them. */
export function sampled(): { readonly test: Declare; readonly testNeeds: typeof testNeeds } {
  let index = 0;
  const isChosen = (): boolean => {
    index += 1;
    return isRepeated(index - 1);
  };
  return {
    test(...declared) {
      if (isChosen()) test(...declared);
    },
    testNeeds(...declared) {
      if (isChosen()) testNeeds(...declared);
    },
  };
}

function failing(name: string, missing: readonly string[]): void {
  test(titleOf(name, missing), () => {
    throw new Error(
      `${inVirtualMachine ? 'in the virtual machine' : 'CI=true'}, and missing is ${missing.join('; ')}`,
    );
  });
}

function titleOf(name: string, missing: readonly string[]): string {
  return `${name} [missing ${missing.join('; ')}]`;
}

/** Whether what is missing is a failure: on CI, where installing could have brought it, and in the virtual machine. */
function mustBeThere(needs: readonly Component[]): boolean {
  // It is made of all that tests need, apart from cnitool, which is the host's.
  if (inVirtualMachine && missingOf(needs.filter((need) => need !== 'cnitool')).length > 0) return true;
  const installable = needs.filter((need) => !kernelFeatures.includes(need));
  return process.env['CI'] === 'true' && missingOf(installable).length > 0;
}

function program(name: string, origin: string): string | undefined {
  return findProgram(name) === undefined ? `${name} is not installed (apt-get install ${origin})` : undefined;
}

function builtProgram(name: BuiltProgram): string | undefined {
  return findBuilt(name) === undefined
    ? `${name} is not installed (scripts/setup.sh builds it by go)`
    : undefined;
}

/** Tries commands in a network namespace of their own. */
function kernel(script: string): string | undefined {
  const { status, stderr, error } = spawnSync('unshare', ['--net', 'sh', '-ec', script], {
    encoding: 'utf8',
    env: { PATH: systemPath },
  });
  if (status === 0) return undefined;
  return (error?.message ?? stderr.trim().split('\n')[0]) || `"${script}" fails`;
}
