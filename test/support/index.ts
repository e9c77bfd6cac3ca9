/** Everything an end-to-end test needs. */
export type { Background } from './background.ts';
export { busyboxImage } from './busybox.ts';
export * from './cni.ts';
export * from './cni-commands.ts';
export {
  addressIn,
  type CniDns,
  type CniFailure,
  type CniInterface,
  type CniIp,
  type CniResult,
  type CniRoute,
} from './cni-result.ts';
export * from './cnitool.ts';
export { confExamples, readExample } from './conf-examples.ts';
export { type Container, type ContainerOptions, createContainer } from './container.ts';
export {
  type Containerd,
  createRuntimeNode,
  linkPlugin,
  netDir,
  pluginDir,
  startContainerd,
} from './containerd.ts';
export { type Cri, createCri, type PodSandbox } from './cri.ts';
export { type EndToEnd, type Fixtures, type LeakCheck, test } from './fixtures.ts';
export { framesDuring } from './frames.ts';
export { type IperfOptions, measure } from './iperf.ts';
export { createLan, type Lan } from './lan.ts';
export * from './leaks.ts';
export { attachmentMarks, markOf } from './marks.ts';
export { type Component, describeNeeds, has, isNewHere, missingOf, sampled, testNeeds } from './needs.ts';
export * from './network.ts';
export { createNode, type Node, uniqueName } from './node.ts';
export { stateOf } from './node-state.ts';
export { otherVersion } from './other-version.ts';
export { type Capture, createOutside, type Outside, type OutsideOptions } from './outside.ts';
export * from './ovs.ts';
export { mapOf, type OvsMap, type OvsRow, type OvsTable, type OvsValue, valuesOf } from './ovs-rows.ts';
export { inFull, inVirtualMachine, isRepeated, pace, roundsOf, spotChecks, takesSamples } from './pace.ts';
export { binDir, findBuilt, findProgram, referenceDir, repoRoot, runtime } from './paths.ts';
export { expectNoPing, expectPing, type Target } from './ping.ts';
export { eventually, type IpAddress, type IpObject, type Outcome, type Place } from './place.ts';
export { asPod, createPods, type NamedConfig, type Pod, type Pods } from './pods.ts';
export { reference, referenceBridge } from './reference.ts';
export { type RuntimeLab, useRuntime } from './runtime.ts';
export { type ChildProcessTrace, describeChildren, type Effort, parseStrace } from './strace.ts';
export { createTestIpam, type IpamCall, type TestIpam } from './test-ipam.ts';
export { hubOf, topologyOf } from './topology.ts';
