/**
 * `test` with a node of its own, and a leak check after it:
 *
 *     test('a container reaches its gateway', async ({ node }) => {
 *       const blue = await createContainer(node);
 *       ...
 *     });
 */
import { test as base, type TestContext } from 'vitest';
import { createLan, type Lan } from './lan.ts';
import { expectNoLeaks, type SnapshotOptions, snapshot } from './leaks.ts';
import { createNode, type Node } from './node.ts';
import { createOutside, type Outside } from './outside.ts';
import { type Ovs, startOvs } from './ovs.ts';

/** Steers the leak check that follows the test. */
export interface LeakCheck {
  /** Takes what the node holds now for what it may hold at the end; look through further folders from here on. */
  startHere(options?: SnapshotOptions): Promise<void>;
  /** Facts that this test leaves or changes on purpose. */
  allow(...patterns: readonly RegExp[]): void;
  /** Leaves it out. */
  off(): void;
}

export interface Fixtures {
  /** A node, made for this test. */
  readonly node: Node;
  /** The network outside of it. */
  readonly outside: Outside;
  /** The same as a switch, of which the node's NIC is a port. Not together with `outside`. */
  readonly lan: Lan;
  /** An Open vSwitch of the node's own, with a bridge `br-int`; its rows are part of the leak check. */
  readonly ovs: Ovs;
  readonly leaks: LeakCheck;
}

export type EndToEnd = TestContext & Fixtures;

export const test = base.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of fixtures from this pattern
  node: async ({}, use) => {
    const node = await createNode();
    try {
      await use(node);
    } finally {
      await node.dispose();
    }
  },

  outside: async ({ node }, use) => {
    const outside = await createOutside(node);
    try {
      await use(outside);
    } finally {
      await outside.dispose();
    }
  },

  lan: async ({ node }, use) => {
    const lan = await createLan(node);
    try {
      await use(lan);
    } finally {
      await lan.dispose();
    }
  },

  // Left to the node to end: the leak check, which comes between, still asks it.
  ovs: async ({ node, leaks }, use) => {
    const ovs = await startOvs(node);
    await ovs.addBridge('br-int');
    await leaks.startHere();
    await use(ovs);
  },

  leaks: [
    async ({ node, task }, use) => {
      let before = await snapshot(node);
      let wanted = true;
      const allow: RegExp[] = [];
      await use({
        async startHere(options = {}) {
          before = await snapshot(node, options);
        },
        allow: (...patterns) => void allow.push(...patterns),
        off() {
          wanted = false;
        },
      });
      // A test that has failed has cleaned up nothing: its own message is what counts.
      if (wanted && task.result?.state !== 'fail') await expectNoLeaks(before, node, { allow });
    },
    { auto: true },
  ],
});
