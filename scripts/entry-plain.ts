/** The entry of an executable without a startup snapshot: one for a processor that could not be run where it was built. */
import { main } from '../main.ts';
import { loadCommands } from './commands.ts';

void main(loadCommands);
