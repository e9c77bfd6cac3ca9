// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.
import { anything, isRecord, list, printed, such } from '../plain.ts';

export const plainListing = printed({ nftables: list(such(anything, isRecord)) });
