/** Calls as an attacker would make them, by class; each knows what must come of it. */
import * as fc from 'fast-check';
import type { HostileCall } from './hostile/call.ts';
import { evilChildren } from './hostile/children.ts';
import { bothEvil, evilEnvironment } from './hostile/environment.ts';
import { evilAttachments, evilField, evilLogFile, wrongType } from './hostile/fields.ts';
import { evilOvs } from './hostile/ovs.ts';
import { evilIpam, evilPrevious } from './hostile/results.ts';
import { brokenJson, evilStructure } from './hostile/structure.ts';

export { faultOf, fillIn, type HostileCall, ordinary } from './hostile/call.ts';

/** The classes, and what share of all calls each has. */
export const classes: Readonly<
  Record<string, { readonly weight: number; readonly calls: fc.Arbitrary<HostileCall> }>
> = {
  'broken JSON': { weight: 10, calls: brokenJson },
  'wrong types': { weight: 20, calls: wrongType },
  'hostile texts in fields': { weight: 20, calls: evilField },
  'hostile log files': { weight: 4, calls: evilLogFile },
  'hostile structure': { weight: 12, calls: evilStructure },
  'hostile environments': {
    weight: 20,
    calls: fc.oneof({ weight: 19, arbitrary: evilEnvironment }, { weight: 1, arbitrary: bothEvil }),
  },
  'hostile prevResults': { weight: 12, calls: evilPrevious },
  'hostile IPAM results': { weight: 10, calls: evilIpam },
  'hostile macvlan and ipvlan': { weight: 16, calls: evilChildren },
  'hostile ovs': { weight: 16, calls: evilOvs },
  'hostile valid attachments': { weight: 4, calls: evilAttachments },
};
