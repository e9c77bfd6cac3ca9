/** Whether a link is there, without a child. */
import type { Host } from '../exec/host.ts';

/** In the plugin's own namespace: /proc/sys/net follows the reader, /sys shows the namespace of whoever mounted it. */
export function linkExists(host: Host, device: string): boolean {
  return (
    host.kernel.exists(`/proc/sys/net/ipv4/conf/${device}`) ||
    host.kernel.exists(`/proc/sys/net/ipv6/conf/${device}`)
  );
}
