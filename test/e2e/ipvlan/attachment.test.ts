/** What is whose: second ADDs, DEL in all circumstances, undo, GC, STATUS. */
import { attachmentTests } from '../child/attachment.ts';

attachmentTests('ipvlan');
