/** Patience: in the virtual machine, whose processor is emulated, everything takes ten to twenty times longer. */
export const inVirtualMachine = Boolean(process.env['PLUMBLINE_TEST_VM']);

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
  return process.env['PLUMBLINE_TEST_FULL'] ? full : usual;
}
