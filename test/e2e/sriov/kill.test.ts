/** Kill -9 at any moment: the DEL that follows makes the function what it was. */
import { test } from 'vitest';
import { createContainer, expectPing } from '../../support/index.ts';
import { killAdds, killDels } from '../../support/kill.ts';
import { describeNic, ifname } from '../../support/sriov.ts';

// 20 in all. A round of DEL takes longer: an ADD goes before.
const rounds = { ADD: 13, DEL: 7 };
const fields = {
  mac: '02:00:5e:00:53:43',
  vlan: 7,
  trust: 'on',
  spoofchk: 'off',
  mtu: 1400,
  max_tx_rate: 100,
};

describeNic('kill -9', 1, (nic) => {
  for (const [command, kill] of [
    ['ADD', killAdds],
    ['DEL', killDels],
  ] as const) {
    test(`at ${rounds[command]} moments of ${command}, each followed by DEL`, async () => {
      const { node, config, vfLine } = nic();
      const container = await createContainer(node);
      const settings = async () => [{ text: await vfLine(0), mayStay: false }];
      node.factSources.add(settings);
      await kill(node, { config: config(fields), container, ifname }, rounds[command]);
      node.factSources.delete(settings);
    }, 600_000);
  }

  test('and it works as if nothing had been', async () => {
    const { start, wireIp4 } = nic();
    const pod = await start(fields);
    await pod.check();
    await pod.del();
    const plain = await start();
    await expectPing(plain, wireIp4);
    await plain.del();
  });
});
