/** Killed at any moment, and many at once; with hostAccess, which keeps state on the node. */
import { robustnessTests } from '../child/robust.ts';

robustnessTests('macvlan', { hostAccess: { interface: 'access', address: '10.30.0.250/32' } });
