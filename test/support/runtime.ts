/**
 * One containerd for all tests of a file, since it takes seconds to start; each test is followed by a leak check:
 *
 *     describeNeeds(['containerd', 'crictl'], 'pods', () => {
 *       const lab = useRuntime();
 *       test('...', async () => {
 *         await lab.cri.configure({ '10-pods.conf': ... });
 */
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type Containerd, createRuntimeNode, startContainerd } from './containerd.ts';
import { type Cri, createCri } from './cri.ts';
import { expectNoLeaks, type Snapshot, snapshot } from './leaks.ts';
import type { Node } from './node.ts';
import { createOutside, type Outside } from './outside.ts';

export interface RuntimeLab {
  readonly node: Node;
  readonly outside: Outside;
  readonly containerd: Containerd;
  readonly cri: Cri;
  /** Facts that this test leaves or changes on purpose. */
  allow(...patterns: readonly RegExp[]): void;
}

/** Makes a node with an outside and a containerd before the first test of the group. */
export function useRuntime(): RuntimeLab {
  let containerd: Containerd | undefined;
  let outside: Outside | undefined;
  let cri: Cri | undefined;
  let before: Snapshot | undefined;
  let allowed: RegExp[] = [];
  const made = <Thing>(thing: Thing | undefined): Thing => {
    if (thing === undefined) throw new Error('the runtime is made before the first test of its group');
    return thing;
  };

  beforeAll(async () => {
    const node = await createRuntimeNode();
    outside = await createOutside(node);
    containerd = await startContainerd(node);
    cri = createCri(containerd);
  });
  afterAll(async () => {
    await containerd?.dispose();
    await outside?.dispose();
  });
  beforeEach(async () => {
    allowed = [];
    before = await snapshot(made(containerd).node);
  });
  afterEach(async ({ task }) => {
    const { node } = made(containerd);
    // A test that has failed has cleaned up nothing: its own message is what counts, and the next begins anew.
    if (task.result?.state === 'fail') await clear(made(cri));
    else await expectNoLeaks(made(before), node, { allow: allowed, within: 5_000 });
  });

  return {
    get node() {
      return made(containerd).node;
    },
    get outside() {
      return made(outside);
    },
    get containerd() {
      return made(containerd);
    },
    get cri() {
      return made(cri);
    },
    allow: (...patterns) => void allowed.push(...patterns),
  };
}

async function clear(cri: Cri): Promise<void> {
  await cri.remove(await cri.list()).catch(() => {});
}
