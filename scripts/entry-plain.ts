/** The entry of an executable without a startup snapshot: one for a processor that could not be run where it was built. */
import { main } from '../main.ts';
import { exit, loadCommands } from './sea.ts';

void main(loadCommands).then(exit);
