/** DEL of veth-bridge where something happens in the middle of it. */
import { expect, test } from 'vitest';
import { call, podConfig } from '../../support/calls.ts';
import { recordingHost } from '../../support/recording-host.ts';

const port = { ifname: 'veth82390d55', address: '02:00:00:00:00:05', master: 'cni0' };
/** What the runtime keeps of a pod that the reference plugin has made. */
const prevResult = {
  cniVersion: '1.0.0',
  interfaces: [
    { name: 'cni0', mac: '02:00:00:00:00:01' },
    { name: port.ifname, mac: port.address },
    { name: 'eth0', mac: '02:00:00:00:00:06', sandbox: '/run/netns/gone' },
  ],
  ips: [],
};

/** @param words of ip where that very port is to be deleted */
async function deleteForeign(words: string): Promise<{ code: number | undefined; asked: boolean }> {
  let asked = false;
  using host = recordingHost({
    answer: ({ options: { input = '' } }) => {
      if (!input.includes(`link delete dev ${port.ifname}`)) return undefined;
      asked = true;
      return { status: 1, stderr: `${words}\nCommand failed -:1\n` };
    },
  });
  host.machine.put({ ifname: 'cni0', address: '02:00:00:00:00:01', kind: 'bridge' });
  host.machine.put({ ...port, kind: 'veth' });
  const config = podConfig(host, { cniVersion: '1.0.0', bridge: 'cni0', prevResult });
  const { error } = await call(host, {
    command: 'DEL',
    plugin: 'veth-bridge',
    config,
    env: { CNI_NETNS: '' },
  });
  return { code: error?.code, asked };
}

test("the reference's port may go with its sandbox between the look at it and its deletion", async () => {
  expect(await deleteForeign(`Cannot find device "${port.ifname}"`)).toEqual({
    code: undefined,
    asked: true,
  });
});

test('another reason for which it stays is told', async () => {
  expect(await deleteForeign('RTNETLINK answers: Operation not permitted')).toEqual({
    code: 101,
    asked: true,
  });
});
