import { expect, test } from 'vitest';
import { undoStack } from '../../../lib/exec/undo.ts';

interface Run {
  readonly done: readonly string[];
  readonly reported: readonly string[];
  readonly error: unknown;
}

/** Three steps, of which some fail when they are undone; then the call fails, or is kept. */
async function run(ending: 'fails' | 'keeps', failing: readonly string[] = []): Promise<Run> {
  const done: string[] = [];
  const reported: string[] = [];
  let error: unknown;
  try {
    await using undo = undoStack((what, reason) => void reported.push(`${what}: ${reason}`));
    for (const name of ['link', 'address', 'rules']) {
      undo.step(`remove the ${name}`, async () => {
        await Promise.resolve();
        done.push(name);
        if (failing.includes(name)) throw new Error(`${name} stuck`);
      });
    }
    if (ending === 'fails') throw new Error('the reason');
    undo.keep();
  } catch (thrown) {
    error = thrown;
  }
  return { done, reported, error };
}

test('what a failed call has made is taken back, last first, one after the other', async () => {
  expect(await run('fails')).toMatchObject({
    done: ['rules', 'address', 'link'],
    reported: [],
    error: { message: 'the reason' },
  });
});

test('an undo that fails does not keep the others from their work, and hides no reason', async () => {
  expect(await run('fails', ['rules', 'link'])).toEqual({
    done: ['rules', 'address', 'link'],
    reported: ['remove the rules: Error: rules stuck', 'remove the link: Error: link stuck'],
    error: expect.objectContaining({ message: 'the reason' }),
  });
});

test('a call that succeeds takes nothing back', async () => {
  expect(await run('keeps')).toEqual({ done: [], reported: [], error: undefined });
});
