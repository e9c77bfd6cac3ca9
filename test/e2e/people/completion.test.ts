/** `plumbline completion`: what real shells offer, when a person presses the key for it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { COMMANDS } from '../../../cli/commands.ts';
import { findProgram, type Node, test } from '../../support/index.ts';
import { offersOfFish, pressAt, type Shell } from './shell.ts';

const names = COMMANDS.filter(({ hidden }) => !hidden).map(({ name }) => name);

/** By what is typed, all that may stand there; `HOME` has folders bin and etc, and a file net.conflist. */
const offers: readonly (readonly [typed: string, offered: readonly string[]])[] = [
  ['plumbline ', names],
  ['plumbline frobnicate ', []],
  ['plumbline install --bin-dir=x --', ['--as-bridge', '--force', '--help']],
  ['plumbline install --bin-dir b', ['bin']],
  ['plumbline install --bin-dir=b', ['--bin-dir=bin']],
  ['plumbline lint --json ne', ['net.conflist']],
  ['plumbline completion ', ['bash', 'fish', 'zsh']],
  ['plumbline release-uplink ', ['br-a', 'br-b']],
];

async function furnish(node: Node, shell: Shell): Promise<void> {
  const home = join(node.dir, shell);
  for (const folder of ['bin', 'etc']) mkdirSync(join(home, folder), { recursive: true });
  writeFileSync(join(home, 'net.conflist'), '{}');
  await node.batch(
    'link add br-a type bridge\nlink add br-b type bridge\nlink add veth0 type veth peer veth1',
  );
}

/** Without the words that were typed; where nothing was put in, the last of them is still there. */
async function putIn(node: Node, shell: 'bash' | 'zsh', typed: readonly string[]) {
  const said = await pressAt(node, shell, typed);
  return said.map((words, index) => {
    const before = typed[index]?.split(' ') ?? [];
    const offered = words.slice(before.length - 1);
    return offered.join() === before.at(-1) ? [] : offered;
  });
}

for (const shell of ['bash', 'zsh', 'fish'] as const) {
  const isThere = findProgram(shell) !== undefined;
  const title = isThere ? shell : `${shell} [missing ${shell}]`;
  if (!isThere && process.env['CI'] === 'true') test(title, () => expect.fail(`there is no ${shell}`));
  describe.skipIf(!isThere)(title, () => {
    test('offers what may follow', async ({ node, leaks }) => {
      await furnish(node, shell);
      await leaks.startHere();
      const typed = offers.map(([line]) => line);
      const said = shell === 'fish' ? await offersOfFish(node, typed) : await putIn(node, shell, typed);
      // Whether a folder's slash is put in is the shell's own matter.
      const plain = said.map((words) => words.map((word) => word.replace(/\/$/, '')).sort());
      const told = typed.map((line, index) => [line, plain[index]]);
      expect(told).toEqual(offers.map(([line, words]) => [line, [...words].sort()]));
    });
  });
}
