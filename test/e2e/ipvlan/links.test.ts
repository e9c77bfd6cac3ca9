/** Where the link is made: names, masters, sandboxes, MTU. */
import { linkTests } from '../child/links.ts';

linkTests('ipvlan');
