/** `plumbline attach` where something fails, and where a container writes what it likes; the rest is test/e2e/runtime/attach.test.ts. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect } from 'vitest';
import { binDir, createContainer, describeNeeds, test } from '../../support/index.ts';

describeNeeds(['root', 'built'], 'plumbline attach', () => {
  test('goes on beside what cannot be taken down, and whatever a container calls its links', async ({
    node,
  }) => {
    const { path, ...container } = await createContainer(node);
    const plumbline = (...args: readonly string[]) => node.exec([join(binDir, 'plumbline'), ...args]);
    const listed = async () => {
      const { stdout } = await plumbline('attachments', '--json');
      return (JSON.parse(stdout) as { ifname: string; state: string }[]).map(
        ({ ifname, state }) => `${ifname} ${state}`,
      );
    };
    const folder = join(node.dir, 'plugins');
    mkdirSync(folder);
    const write = (script: string): void => {
      writeFileSync(join(folder, 'stuck'), `#!/bin/sh\ncat >/dev/null\n${script}\n`);
      chmodSync(join(folder, 'stuck'), 0o755);
    };
    const file = join(node.dir, 'stuck.conf');
    writeFileSync(file, JSON.stringify({ cniVersion: '1.0.0', name: 'stuck', type: 'stuck' }));
    const attachStuck = () => plumbline('attach', path, '--network', file, '--bin-dir', folder);
    const ours = (bridge: string) => [
      'attach',
      path,
      '--plugin',
      'veth-bridge',
      '--bin-dir',
      binDir,
      '--bridge',
      bridge,
    ];

    const name = basename(path);
    const remedy = `plumbline detach ${name} --ifname eth1 tries it again; with --forget, it is dropped from the list, whatever stays behind`;

    // Refused at ADD as at DEL: nothing was made, and nothing stays.
    const refused = await plumbline(...ours('a-name-too-long-for-a-link'));
    expect(refused).toMatchObject({ code: 1, stderr: expect.not.stringContaining('taken back') });
    expect(await listed()).toEqual([]);

    write('echo no >&2; exit 3');
    expect((await attachStuck()).stderr).toContain('and what was done could not be taken back');
    expect((await attachStuck()).stderr).toContain('what is left of eth1 in network "stuck"');
    const { code, stderr } = await plumbline(...ours('br0'));
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `what is left of eth1 in network "stuck" could not be cleared:\nstuck: DEL failed (exit status 3)\n  no\n${remedy}`,
    });
    await container.run('ip', 'link', 'set', 'dev', 'eth2', 'alias', '\u0001\u001b[31m');
    expect(await listed()).toEqual(['eth1 unfinished', 'eth2 attached']);
    const toFull = await node.exec([
      'sh',
      '-c',
      'exec "$@" >/dev/full',
      'sh',
      join(binDir, 'plumbline'),
      'topology',
    ]);
    expect(toFull.code).toBe(1);

    // A plugin that never lets go: told with its remedy, which still gives it a chance.
    expect(await plumbline('detach', path, '--ifname', 'eth1')).toEqual({
      code: 1,
      stdout: '',
      stderr: [`eth1 of ${name}: stuck: DEL failed (exit status 3)`, '  no', remedy]
        .map((line) => `plumbline: detach: ${line}`)
        .join('\n'),
    });
    expect(await listed()).toEqual(['eth1 unfinished', 'eth2 attached']);
    expect(await plumbline('detach', path, '--all', '--forget')).toEqual({
      code: 0,
      stdout: [`eth1 is forgotten, of network "stuck"`, `eth2 is out of network "attach-veth-bridge-br0"`]
        .map((line) => `${name}: ${line}`)
        .join('\n'),
      stderr: [
        `eth1 of ${name} is forgotten; what it has left in network "stuck" is for you to take away:`,
        ...['stuck: DEL failed (exit status 3)', '  no'],
      ].join('\n'),
    });
    expect(await listed()).toEqual([]);
    expect(await container.link('eth2')).toBeUndefined();

    expect((await attachStuck()).code).toBe(1);
    expect(JSON.parse((await plumbline('detach', path, '--forget', '--json')).stdout)).toMatchObject([
      { network: 'stuck', ifname: 'eth1', forgotten: true },
    ]);
    expect((await attachStuck()).code).toBe(1);
    write('exit 0');
    expect(await plumbline('detach', path, '--all')).toMatchObject({ code: 0, stderr: '' });
    expect(await listed()).toEqual([]);
  });
});
