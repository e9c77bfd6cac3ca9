/** What the three kinds of links between sandbox and switch have in common. */
import type { HeldLock } from '../../lib/exec/lock.ts';
import type { Undo } from '../../lib/exec/undo.ts';
import type { ExternalIds } from '../../lib/ovs/port.ts';

export interface Link {
  /** Name of the port on the switch, and of its link on the host. */
  readonly port: string;
  /** MAC address of the host's end, where there are two. */
  readonly hostMac: string | undefined;
  /** Of the sandbox's link, unless an address is to decide it. */
  readonly mac: string;
  /** As far as it is known before the port is made. */
  readonly mtu: number | undefined;
  /** Name of the sandbox's link, where it cannot be CNI_IFNAME: that is a second name then. */
  readonly nameInside?: string;
  /** What DEL must know of it. */
  readonly marks: ExternalIds;
  /**
   * Once ovs-vswitchd has made the port.
   * @returns the link's MTU, where it is known only now
   */
  settle(): Promise<number | undefined>;
}

export interface Holding {
  /** The attachment's lock: each child holds it, so that DEL waits for those of a call that was killed. */
  readonly holding: HeldLock;
  readonly undo: Undo;
}
