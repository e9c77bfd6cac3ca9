/** What passes between two places, as iperf3 measures it. */
import { pace } from './pace.ts';
import type { Place } from './place.ts';

export interface IperfOptions {
  /** 2 by default. */
  readonly seconds?: number;
  /** Connections at the same time; 1 by default. */
  readonly streams?: number;
}

/**
 * Sends by TCP as fast as it goes.
 * @param address the receiver's
 * @returns bit/s that have arrived
 */
export async function measure(
  sender: Place,
  receiver: Place,
  address: string,
  { seconds = 2, streams = 1 }: IperfOptions = {},
): Promise<number> {
  const server = receiver.start('iperf3', '--server', '--one-off', '--forceflush', '--bind', address);
  await server.ready(/listening/i);
  const client = [
    'iperf3',
    '--client',
    address,
    '--time',
    `${seconds}`,
    '--parallel',
    `${streams}`,
    '--json',
    '--connect-timeout',
    '3000',
  ];
  const { code, stdout, stderr } = await sender.exec(client, { timeout: (seconds + 15) * 1000 * pace });
  await server.stop();
  if (code !== 0)
    throw new Error(`iperf3 from ${sender.name} to ${address}: exit status ${code}\n${stderr}${stdout}`);
  const told = JSON.parse(stdout) as {
    readonly end?: { readonly sum_received?: { bits_per_second?: number } };
  };
  return told.end?.sum_received?.bits_per_second ?? 0;
}
