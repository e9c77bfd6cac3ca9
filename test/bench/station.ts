/** A node to measure in, with its spawner, and the namespaces of its containers. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createNode, type Node } from '../support/node.ts';
import { eventually } from '../support/place.ts';
import type { Answer, Command, Outcome, Request } from './protocol.ts';

/** A container, as far as a plugin is told of it. */
export interface Sandbox {
  readonly id: string;
  /** CNI_NETNS. */
  readonly netns: string;
}

export interface Station extends AsyncDisposable {
  readonly node: Node;
  /** The process whose children the programs are. */
  readonly spawner: number;
  /**
   * Runs one program.
   * @throws with what it printed, when it fails: a failed call measures nothing
   */
  run(command: Command): Promise<Outcome>;
  /** Runs programs at once, whatever becomes of them. */
  runAll(commands: readonly Command[]): Promise<Answer>;
  /** Makes network namespaces, which go with the node. */
  sandboxes(count: number): Promise<readonly Sandbox[]>;
}

export async function createStation(): Promise<Station> {
  const node = await createNode();
  const [nsenter = '', ...enter] = node.enter;
  const args = [...enter, process.execPath, join(import.meta.dirname, 'spawner.ts')];
  const spawner = spawn(nsenter, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(spawner, 'close');
  const lines = createInterface({ input: spawner.stdout })[Symbol.asyncIterator]();
  let made = 0;

  async function ask(request: Request): Promise<Answer> {
    spawner.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error('the spawner has ended');
    return JSON.parse(value) as Answer;
  }

  const { pid = 0 } = spawner;
  return {
    node,
    spawner: pid,
    async run(command) {
      const { outcomes } = await ask({ commands: [command] });
      const [outcome] = outcomes;
      if (outcome === undefined || outcome.code !== 0) throw new Error(describeFailure(command, outcome));
      return outcome;
    },
    runAll: (commands) => ask({ commands }),
    async sandboxes(count) {
      const names = Array.from({ length: count }, () => `bench-${made++}`);
      await node.sh(names.map((name) => `ip netns add ${name}\nip -n ${name} link set lo up`).join('\n'));
      return names.map((name) => ({ id: randomBytes(32).toString('hex'), netns: `/run/netns/${name}` }));
    },
    async [Symbol.asyncDispose]() {
      spawner.stdin.end();
      await ended;
      await node.dispose();
    },
  };
}

/**
 * Waits until the kernel has taken away what has gone with earlier nodes: it does so in the background, in turns, and holds
 * what all networking waits for.
 */
export async function settle(): Promise<void> {
  await using node = await createNode();
  await node.sh(
    'ip netns add last; ip link add probe type veth peer name inside netns last; ip netns delete last',
  );
  await eventually(async () => (await node.link('probe')) === undefined, 60_000);
}

export function describeFailure({ argv, env }: Command, outcome: Outcome | undefined): string {
  const { code, stdout = '', stderr = '' } = outcome ?? {};
  return `${env['CNI_COMMAND'] ?? ''} ${argv.join(' ')}: exit status ${code}\n${stdout}${stderr}`;
}
