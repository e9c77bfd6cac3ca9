/** Tells of every import that goes another way than down; part of `make lint`. The rules are in layers.ts. */
import { dirname } from 'node:path';
import { findViolations } from './layers.ts';

const violations = findViolations(dirname(import.meta.dirname));
for (const { place, message } of violations) console.error(`${place}: ${message}`);
if (violations.length > 0) process.exitCode = 1;
