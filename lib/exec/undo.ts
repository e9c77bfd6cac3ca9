/** Undo of what a call has made so far, for an ADD that fails in the middle. */
export interface Undo extends AsyncDisposable {
  /** Registers how to take back a step that this very call made. Steps are undone last first. */
  step(what: string, undo: () => Promise<void>): void;
  /** The call has succeeded: nothing is taken back. */
  keep(): void;
}

/**
 * For `await using undo = undoStack(report)`.
 * @param report told of an undo that fails; the others go on, and the caller sees the error that began it
 *
 * Not the language's AsyncDisposableStack: V8 leaves it out of a startup snapshot's heap.
 */
export function undoStack(report: (what: string, error: unknown) => void): Undo {
  let steps: { readonly what: string; readonly undo: () => Promise<void> }[] = [];
  return {
    step: (what, undo) => {
      steps.push({ what, undo });
    },
    keep: () => {
      steps = [];
    },
    async [Symbol.asyncDispose]() {
      for (const { what, undo } of steps.reverse()) {
        try {
          await undo();
        } catch (error) {
          report(what, error);
        }
      }
    },
  };
}
