/** Patience: in the virtual machine, whose processor is emulated, everything takes ten to twenty times longer. */
export const inVirtualMachine = Boolean(process.env['PLUMBLINE_TEST_VM']);

/** The long forms: `make test-full`. */
export const inFull = Boolean(process.env['PLUMBLINE_TEST_FULL']);

/** What waiting times are multiplied by; only tests that fail wait as long. */
export const pace = inVirtualMachine ? 4 : 1;

/**
 * How often a test repeats what it tries at random moments, or with random input.
 * @param counts as a rule, in `make test-full`, in the virtual machine
 */
export function roundsOf({
  usual,
  full,
  vm,
}: {
  readonly usual: number;
  readonly full: number;
  readonly vm: number;
}): number {
  if (inVirtualMachine) return vm;
  return inFull ? full : usual;
}

/** Whether only some of what could run here does: in the virtual machine, but for `make test-full`. */
export const takesSamples = inVirtualMachine && !inFull;

/**
 * Which of the cases that the host tries as well are repeated here: in the virtual machine every tenth. Enough to see
 * that newer tools and kernels tell such things in words that are understood. `make test-full` repeats all.
 * @param index of the case among them
 */
export const isRepeated = (index: number): boolean => !takesSamples || index % 10 === 0;

/** The cases of a table that run here: see {@link isRepeated}. */
export function spotChecks<Case>(cases: readonly Case[]): readonly Case[] {
  return cases.filter((_, index) => isRepeated(index));
}
