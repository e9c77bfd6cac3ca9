/** Everything an end-to-end test needs. */
export type { Background } from './background.ts';
export * from './cni.ts';
export * from './cnitool.ts';
export { type Container, type ContainerOptions, createContainer } from './container.ts';
export { type EndToEnd, type Fixtures, type LeakCheck, test } from './fixtures.ts';
export { createLan, type Lan } from './lan.ts';
export * from './leaks.ts';
export { attachmentMarks, markOf } from './marks.ts';
export { type Component, describeNeeds, has, missingOf, testNeeds } from './needs.ts';
export * from './network.ts';
export { createNode, type Node, uniqueName } from './node.ts';
export { type Capture, createOutside, type Outside, type OutsideOptions } from './outside.ts';
export { inVirtualMachine, pace, roundsOf } from './pace.ts';
export { binDir, findCnitool, findProgram, referenceDir, repoRoot } from './paths.ts';
export { expectNoPing, expectPing, type Target } from './ping.ts';
export { eventually, type IpAddress, type IpObject, type Outcome, type Place } from './place.ts';
export { type ChildProcessTrace, describeChildren, parseStrace } from './strace.ts';
export { createTestIpam, type IpamCall, type TestIpam } from './test-ipam.ts';
