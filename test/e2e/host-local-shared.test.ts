/**
 * host-local and the reference's host-local over one data directory at once: no address is given out twice, and none
 * is lost. Further what only the built executable on a real file system can show: kills, full disks, reboots.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect } from 'vitest';
import {
  add,
  addressIn,
  binDir,
  type CniCall,
  type CniOutcome,
  type Config,
  check,
  cni,
  del,
  describeChildren,
  describeNeeds,
  describeOutcome,
  expectFailure,
  gc,
  type Node,
  referenceDir,
  runtime,
  startCni,
  status,
  test,
  testNeeds,
} from '../support/index.ts';

const isLong = process.env['PLUMBLINE_TEST_FULL'] !== undefined;

interface Settings {
  readonly ipam?: object;
  readonly cniVersion?: string;
}

const config = (node: Node, { ipam = {}, cniVersion = '1.0.0' }: Settings = {}): Config => ({
  cniVersion,
  name: 'pods',
  type: 'host-local',
  ipam: { type: 'host-local', dataDir: node.dataDir, ranges: [[{ subnet: '10.33.0.0/26' }]], ...ipam },
});

const folders = [binDir, referenceDir];
const oneOf = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!;

/** An IPAM plugin needs no container: nothing is done in its namespace. */
const attachment = (containerId: string): Pick<CniCall, 'containerId' | 'netns'> => ({
  containerId,
  netns: '/run/netns/none',
});

/** Reserved addresses as they are on disk. */
function reserved(dataDir: string): readonly string[] {
  return namesIn(join(dataDir, 'pods')).filter((name) => /^[\da-f]*[.:]/.test(name));
}

/** What of the index names an attachment. */
function indexed(dataDir: string): readonly string[] {
  const index = join(dataDir, '.plumbline/pods');
  return [...namesIn(index).filter((name) => /^[\da-f]{32}$/.test(name)), ...namesIn(join(index, 'tmp'))];
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function expectSuccess(outcomes: readonly CniOutcome[]): void {
  expect(outcomes.filter(({ code }) => code !== 0).map(describeOutcome)).toEqual([]);
}

describeNeeds(['reference'], 'with the reference over one data directory', () => {
  test('many ADDs and DELs at once: no address is given out twice or lost', async ({ node }) => {
    const rounds = isLong ? 60 : 12;
    const workers = 16;
    const ranges = [[{ subnet: '10.33.0.0/27' }, { subnet: '10.34.0.0/29' }], [{ subnet: 'fd33::/122' }]];
    const call = { config: config(node, { ipam: { ranges } }) };
    const live = new Map<string, string>();

    const work = async (worker: number): Promise<void> => {
      for (let round = 0; round < rounds; round += 1) {
        const who = attachment(`worker-${worker}-${round}`);
        const { ips = [] } = await add(node, { ...call, ...who, binDir: oneOf(folders) });
        const addresses = ips.map(({ address }) => address);
        expect(addresses).toHaveLength(2);
        for (const address of addresses) {
          expect(live.get(address), `${address} for ${who.containerId}`).toBeUndefined();
          live.set(address, who.containerId ?? '');
        }
        await sleep(Math.random() * 20);
        for (const address of addresses) live.delete(address);
        // One DEL, by whomever; or two of the same attachment at once, by whomever, while others reserve.
        const by = oneOf([[binDir], [referenceDir], [binDir, referenceDir], [binDir, binDir]]);
        expectSuccess(
          await Promise.all(
            by.map((folder) => cni(node, { ...call, ...who, command: 'DEL', binDir: folder })),
          ),
        );
      }
    };
    await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));

    expect(reserved(node.dataDir)).toEqual([]);
    // Where the peer did the DEL, the index entry stays for GC.
    await gc(node, { config: config(node, { cniVersion: '1.1.0' }) });
    expect(indexed(node.dataDir)).toEqual([]);
  }, 600_000);

  test('fill a range to its last address, and not beyond', async ({ node }) => {
    // 61 addresses without the network's, the broadcast and the gateway.
    const call = { config: config(node) };
    const size = 61;
    const names = Array.from({ length: size }, (_, index) => `filler-${index}`);
    const added = await Promise.all(
      names.map((name, index) =>
        cni(node, { ...call, ...attachment(name), command: 'ADD', binDir: folders[index % 2]! }),
      ),
    );
    expectSuccess(added);
    expect(new Set(added.map(({ result }) => addressIn(result!))).size).toBe(size);
    expect(reserved(node.dataDir)).toHaveLength(size);
    for (const binDir of folders) {
      await expectFailure(node, { ...call, ...attachment('late'), command: 'ADD', binDir });
    }
    await expectFailure(
      node,
      { config: config(node, { cniVersion: '1.1.0' }), command: 'STATUS' },
      { code: 50, says: /61 of 61/ },
    );
    const deleted = await Promise.all(
      names.map((name, index) =>
        cni(node, { ...call, ...attachment(name), command: 'DEL', binDir: folders[(index >> 1) % 2]! }),
      ),
    );
    expectSuccess(deleted);
    expect(reserved(node.dataDir)).toEqual([]);
    await gc(node, { config: config(node, { cniVersion: '1.1.0' }) });
    expect(indexed(node.dataDir)).toEqual([]);
  });

  test('each goes on after the other’s last address, and knows the other’s reservations', async ({
    node,
  }) => {
    const call = { config: config(node) };
    for (const [index, folder] of [binDir, referenceDir, referenceDir, binDir].entries()) {
      const who = attachment(`c${index}`);
      expect(addressIn(await add(node, { ...call, ...who, binDir: folder }))).toBe(`10.33.0.${index + 2}`);
    }
    for (const index of [0, 1, 2, 3]) {
      for (const binDir of folders) await check(node, { ...call, ...attachment(`c${index}`), binDir });
    }
    // Each one's second ADD of what it had itself, and DEL of what the other one had.
    await expectFailure(
      node,
      { ...call, ...attachment('c0'), command: 'ADD' },
      { code: 102, says: /10\.33\.0\.2/ },
    );
    await expectFailure(node, { ...call, ...attachment('c0'), command: 'ADD', binDir: referenceDir });
    for (const [index, folder] of [referenceDir, binDir, binDir, referenceDir].entries()) {
      await del(node, { ...call, ...attachment(`c${index}`), binDir: folder });
    }
    expect(reserved(node.dataDir)).toEqual([]);
    // The index entries that the peer left behind hinder nobody.
    expect(addressIn(await add(node, { ...call, ...attachment('c0') }))).toBe('10.33.0.6');
    await del(node, { ...call, ...attachment('c0') });
    await gc(node, { config: config(node, { cniVersion: '1.1.0' }) });
  });

  test('both take an IPv6 address by the same name', async ({ node }) => {
    const ranges = [
      [{ subnet: '2001:DB8:0:0:1::/80', rangeStart: '2001:db8::1:0:0:2', rangeEnd: '2001:db8::1:0:0:5' }],
    ];
    const call = { config: config(node, { ipam: { ranges } }) };
    const given = new Set<string>();
    for (const [index, folder] of [...folders, ...folders].entries()) {
      given.add(addressIn(await add(node, { ...call, ...attachment(`c${index}`), binDir: folder }), 6));
    }
    expect([...given]).toEqual([
      '2001:db8::1:0:0:2',
      '2001:db8::1:0:0:3',
      '2001:db8::1:0:0:4',
      '2001:db8::1:0:0:5',
    ]);
    expect(reserved(node.dataDir).toSorted()).toEqual([...given]);
    await gc(node, { config: config(node, { cniVersion: '1.1.0' }) });
  });

  test('after a reboot ours are taken back, and the peer’s by GC', async ({ node }) => {
    const call = { config: config(node) };
    await node.setBootId('11111111-1111-4111-8111-111111111111');
    await add(node, { ...call, ...attachment('ours') });
    await add(node, { ...call, ...attachment('peers'), binDir: referenceDir });
    await node.setBootId('22222222-2222-4222-8222-222222222222');
    expect(addressIn(await add(node, { ...call, ...attachment('next') }))).toBe('10.33.0.4');
    expect(reserved(node.dataDir).toSorted()).toEqual(['10.33.0.3', '10.33.0.4']);
    const late = config(node, { cniVersion: '1.1.0' });
    await gc(node, {
      config: { ...late, 'cni.dev/valid-attachments': [{ containerID: 'next', ifname: 'eth0' }] },
    });
    expect(reserved(node.dataDir)).toEqual(['10.33.0.4']);
    await del(node, { ...call, ...attachment('next') });
    expect(indexed(node.dataDir)).toEqual([]);
  });
});

describe('host-local', () => {
  for (const command of ['ADD', 'DEL'] as const) {
    test(`killed at any moment of ${command}, and then DEL: nothing is left, and nothing of others is taken`, async ({
      node,
    }) => {
      const rounds = isLong ? 300 : 40;
      const ranges = [[{ subnet: '10.33.0.0/26' }], [{ subnet: 'fd33::/64' }]];
      const call = { config: config(node, { ipam: { ranges } }) };
      const bystander = await add(node, { ...call, ...attachment('bystander') });
      const victim = { ...call, ...attachment('victim') };
      const { milliseconds } = await cni(node, { ...victim, command: 'ADD' });
      await del(node, victim);
      const before = [reserved(node.dataDir), indexed(node.dataDir)];
      for (let round = 0; round < rounds; round += 1) {
        if (command === 'DEL') await add(node, victim);
        const running = startCni(node, { ...victim, command });
        // Most of its duration is its start: the later half is where it writes.
        await sleep(milliseconds * (0.3 + 0.8 * Math.random()));
        running.kill9();
        await running.done;
        await del(node, victim);
        expect([reserved(node.dataDir), indexed(node.dataDir)], `round ${round}`).toEqual(before);
      }
      await check(node, { config: { ...call.config, prevResult: bystander }, ...attachment('bystander') });
      await del(node, { ...call, ...attachment('bystander') });
      expect([reserved(node.dataDir), indexed(node.dataDir)]).toEqual([[], []]);
    }, 300_000);
  }

  for (const { command, changes, atLeast } of [
    { command: 'ADD', changes: ['mkdir', 'link', 'unlink', 'rename', 'write'], atLeast: 18 },
    { command: 'DEL', changes: ['unlink', 'write'], atLeast: 3 },
  ]) {
    const name = `${command} killed before each system call that changes a file, and then DEL: nothing is left`;
    testNeeds(['strace'], name, async ({ node }) => {
      const ranges = [[{ subnet: '10.33.0.0/26' }], [{ subnet: 'fd33::/64' }]];
      const call = { config: config(node, { ipam: { ranges } }), ...attachment('victim') };
      const killed: string[] = [];
      /** Returns whether it was killed: it is not once it makes fewer such calls. */
      const round = async (change: string, count: number): Promise<boolean> => {
        if (command === 'DEL') await add(node, call);
        const isKilled = await killedAt(node, { ...call, command }, change, count);
        await del(node, call);
        const left = [...reserved(node.dataDir), ...indexed(node.dataDir)];
        expect(left, `${command} before ${change} ${count}`).toEqual([]);
        // Folders are made by a first call only.
        if (change === 'mkdir') await node.sh(`rm -rf ${node.dataDir}`);
        return isKilled;
      };
      for (const change of changes) {
        for (let count = 1; await round(change, count); count += 1) killed.push(`${change} ${count}`);
      }
      expect(killed.length, killed.join(', ')).toBeGreaterThanOrEqual(atLeast);
    });
  }

  test('on a disk that fills up at any moment: an error that names the path, and nothing half-written', async ({
    node,
  }) => {
    const ranges = [[{ subnet: '10.33.0.0/26' }], [{ subnet: 'fd33::/64' }]];
    const dataDir = join(node.dir, 'small');
    const call = { config: config(node, { ipam: { ranges, dataDir } }), ...attachment('c') };
    const inside = node.path(dataDir);
    const failures: string[] = [];
    // Each inode less makes another step fail.
    for (let inodes = 2; inodes <= 20; inodes += 1) {
      await node.sh(`mkdir -p ${dataDir}; mount -t tmpfs -o nr_inodes=${inodes} tmpfs ${dataDir}`);
      const outcome = await cni(node, { ...call, command: 'ADD' });
      if (outcome.code === 0) expect(reserved(inside)).toHaveLength(2);
      else {
        failures.push(outcome.error?.msg ?? outcome.stdout);
        expect(outcome.error, describeOutcome(outcome)).toMatchObject({ code: 5 });
        expect(outcome.error?.msg).toMatch(
          /small.*: the disk is full: free space or inodes, or set ipam\.dataDir/,
        );
        expect([reserved(inside), indexed(inside)], `${inodes} inodes`).toEqual([[], []]);
      }
      await del(node, call);
      expect([reserved(inside), indexed(inside)], `${inodes} inodes, after DEL`).toEqual([[], []]);
      await node.sh(`umount ${dataDir}`);
    }
    expect(failures.length).toBeGreaterThan(5);
    expect(failures.length).toBeLessThan(19);
  });

  test('on a disk without a free block leaves no empty file', async ({ node }) => {
    const dataDir = join(node.dir, 'small');
    const call = { config: config(node, { ipam: { dataDir } }), ...attachment('c') };
    const inside = node.path(dataDir);
    await node.sh(`mkdir -p ${dataDir}; mount -t tmpfs -o size=64k tmpfs ${dataDir}`);
    // The first call has made the folders and the mark of the boot.
    await add(node, call);
    await del(node, call);
    await node.sh(`dd if=/dev/zero of=${dataDir}/filler bs=4k count=100 2>/dev/null || true`);
    await expectFailure(node, { ...call, command: 'ADD' }, { code: 5, says: /the disk is full/ });
    expect([reserved(inside), indexed(inside)]).toEqual([[], []]);
    const status = { config: config(node, { ipam: { dataDir }, cniVersion: '1.1.0' }), command: 'STATUS' };
    await expectFailure(node, status, { code: 50, says: /full disk/ });
    await del(node, call);
    await node.sh(`umount ${dataDir}`);
  });

  test('on a read-only file system says so, and DEL of nothing is fine there', async ({ node }) => {
    const dataDir = join(node.dir, 'frozen');
    const call = { config: config(node, { ipam: { dataDir } }), ...attachment('c') };
    await node.sh(`mkdir -p ${dataDir}; mount -t tmpfs -o ro tmpfs ${dataDir}`);
    await expectFailure(
      node,
      { ...call, command: 'ADD' },
      { code: 5, says: /frozen.*: the file system is read-only/ },
    );
    await del(node, call);
    const status = { config: config(node, { ipam: { dataDir }, cniVersion: '1.1.0' }), command: 'STATUS' };
    await expectFailure(node, status, { code: 50, says: /read-only/ });
    await node.sh(`umount ${dataDir}`);
  });

  test('beyond what a path may be long says so', async ({ node }) => {
    const dataDir = `/${'folder/'.repeat(700)}`;
    const call = { config: config(node, { ipam: { dataDir } }), ...attachment('c') };
    for (const command of ['ADD', 'DEL'] as const)
      await expectFailure(node, { ...call, command }, { code: 5, says: /ENAMETOOLONG|name too long/ });
  });

  test('makes no child for ADD, and for DEL one where the runtime cannot take a lock by itself', async ({
    node,
  }) => {
    const call = { config: config(node) };
    await add(node, { ...call, ...attachment('first') });
    const added = await cni(node, { ...call, ...attachment('c'), command: 'ADD', strace: true });
    expectSuccess([added]);
    expect(describeChildren(added.children ?? [])).toEqual(describeChildren([]));
    const deleted = await cni(node, { ...call, ...attachment('c'), command: 'DEL', strace: true });
    expectSuccess([deleted]);
    expect(deleted.children).toHaveLength(runtime === 'bun' ? 0 : 1);
    await del(node, { ...call, ...attachment('first') });
  });

  test('a range of one address goes from one container to the next', async ({ node }) => {
    const ipam = { ranges: [[{ subnet: '10.33.0.0/30' }]] };
    const call = { config: config(node, { ipam }) };
    const late = { config: config(node, { ipam, cniVersion: '1.1.0' }) };
    for (const name of ['a', 'b', 'c']) {
      await status(node, late);
      expect(addressIn(await add(node, { ...call, ...attachment(name) }))).toBe('10.33.0.2');
      await expectFailure(node, { ...late, command: 'STATUS' }, { code: 50, says: /1 of 1/ });
      await expectFailure(node, { ...call, ...attachment('other'), command: 'ADD' }, { code: 103 });
      await del(node, { ...call, ...attachment(name) });
      await del(node, { ...call, ...attachment(name) });
    }
  });
});

/** Makes a call that strace kills when it enters a system call for the given time; tells whether it came to that. */
async function killedAt(node: Node, call: CniCall, change: string, count: number): Promise<boolean> {
  const inject = [`--trace=${change}`, `--inject=${change}:signal=SIGKILL:when=${count}`];
  const argv = ['strace', '-f', '-qqq', '--output=/dev/null', ...inject, join(binDir, 'host-local')];
  const { code, stdout } = await node.exec(argv, {
    input: JSON.stringify(call.config),
    env: {
      CNI_COMMAND: call.command,
      CNI_CONTAINERID: call.containerId ?? '',
      CNI_NETNS: call.netns ?? '',
      CNI_IFNAME: 'eth0',
      CNI_PATH: binDir,
    },
  });
  expect(code === 0 || code >= 128, stdout).toBe(true);
  return code !== 0;
}
