/** The entry of the executable by Bun, which keeps what is imported later apart, and loads it then. */
import { main } from '../main.ts';

void main(() => import('../cli/index.ts'));
