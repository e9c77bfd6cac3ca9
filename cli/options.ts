/** Reads the options of a command. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { UsageError } from './command.ts';

/**
 * @throws UsageError that names the option at fault
 */
export function readOptions<T extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: T,
  allowPositionals = false,
) {
  try {
    return parseArgs({ args: [...args], options, strict: true, allowPositionals });
  } catch (error) {
    const [message] = (error as Error).message.split('. To specify');
    throw new UsageError(message ?? 'bad arguments', { cause: error });
  }
}
