/** The frames that pass a link, as tcpdump tells them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { pace } from './pace.ts';
import type { Place } from './place.ts';

/** What a frame may take from the wire to tcpdump's own words; milliseconds on a machine that is not emulated. */
const delay = 200;

/**
 * Frames that arrive at and leave a link while something is done: one line each, with its addresses and its VLAN tag.
 * @param filter pcap-filter(7); all frames where it is empty
 */
export async function framesDuring(
  place: Place,
  filter: string,
  work: () => Promise<unknown>,
): Promise<readonly string[]> {
  const expression = filter === '' ? [] : [filter];
  const options = ['-nn', '-e', '-l', '-U', '--immediate-mode', '-i', 'eth0'];
  const tcpdump = place.start('tcpdump', ...options, ...expression);
  await tcpdump.ready(/listening on/);
  await work();
  await sleep(delay * pace);
  return (await tcpdump.stop('SIGINT')).split('\n').filter(Boolean);
}
