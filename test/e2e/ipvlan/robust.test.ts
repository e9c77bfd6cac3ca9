/** Killed at any moment, and many at once. */
import { robustnessTests } from '../child/robust.ts';

robustnessTests('ipvlan');
