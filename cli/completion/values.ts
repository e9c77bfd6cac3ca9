/** What there is on this node that the value of an option or an argument can name. */
import { basename } from 'node:path';
import type { Host } from '../../lib/exec/host.ts';
import { readRows } from '../../lib/ovs/client.ts';
import { select } from '../../lib/ovs/operation.ts';
import { textOf } from '../../lib/ovs/row.ts';
import { interfacePlugins } from '../attach/make.ts';
import { readRecords } from '../attach/record.ts';
import type { ValueKind } from '../command.ts';
import { readNetDir } from '../network/find.ts';
import { visible } from '../visible.ts';
import type { Offer, Values } from './complete.ts';

const NETNS_DIR = '/run/netns';
const LINKS_DIR = '/sys/class/net';
const OVS_SOCKET = '/run/openvswitch/db.sock';

/** Seconds that a person who has pressed a key may be kept waiting by a database that does not answer. */
const PATIENCE = 1;

type Finder = (host: Host, netDir: string) => readonly Offer[] | Promise<readonly Offer[]>;

const FINDERS: Record<Exclude<ValueKind, 'command'>, Finder> = {
  file: () => [],
  folder: () => [],
  network: networks,
  interface: interfaces,
  bridge: bridges,
  namespace: namespaces,
  container: namespaces,
  attached,
  plugin: () => interfacePlugins.map((word) => ({ word })),
};

/** What stands for itself on a shell's line. */
const plainWord = /^[\w@%+=:,./-]+$/;

/**
 * The values on a machine. A word that a shell would cut, expand or run is not offered: bash puts in what it gets as it
 * is, and the name of a NIC that comes back from a container is of that container's choice.
 */
export function valuesOn(host: Host): Values {
  return async (kind, netDir) => {
    const offers = kind === 'command' ? [] : await FINDERS[kind](host, netDir);
    return offers.filter(({ word }) => plainWord.test(word));
  };
}

function networks(_host: Host, netDir: string): readonly Offer[] {
  try {
    return readNetDir(netDir).chains.map(({ name, file }) => ({ word: name, about: basename(file) }));
  } catch {
    // Nothing that a person who has pressed a key should be told of.
    return [];
  }
}

function interfaces({ kernel }: Host): readonly Offer[] {
  return kernel.list(LINKS_DIR).flatMap((word) => {
    // bonding_masters is a file among the links.
    if (!kernel.exists(`${LINKS_DIR}/${word}/ifindex`)) return [];
    const alias = kernel.read(`${LINKS_DIR}/${word}/ifalias`);
    return [alias === undefined || alias === '' ? { word } : { word, about: visible(alias) }];
  });
}

async function bridges(host: Host): Promise<readonly Offer[]> {
  const { kernel } = host;
  const linux = kernel.list(LINKS_DIR).filter((name) => kernel.exists(`${LINKS_DIR}/${name}/bridge`));
  return [
    ...linux.map((word) => ({ word, about: 'Linux bridge' })),
    ...(await ovsBridges(host)).map((word) => ({ word, about: 'Open vSwitch bridge' })),
  ];
}

async function ovsBridges(host: Host): Promise<readonly string[]> {
  if (!host.runner.has('ovsdb-client') || !host.kernel.exists(OVS_SOCKET)) return [];
  try {
    const database = { remote: `unix:${OVS_SOCKET}` };
    const [rows = []] = await readRows(host, database, [select('Bridge', ['name'])], { seconds: PATIENCE });
    return rows.flatMap((row) => textOf(row, 'name') ?? []);
  } catch {
    // It does not answer, or not so that it could be understood.
    return [];
  }
}

/** As attach has written them down, also where the container is gone. */
function attached({ stateDir }: Host): readonly Offer[] {
  try {
    const { records } = readRecords(stateDir);
    const byName = Map.groupBy(records, ({ container }) => container);
    return [...byName].map(([word, own]) => ({
      word,
      about: own.map(({ ifname, network }) => `${ifname} in ${network}`).join(', '),
    }));
  } catch {
    // The folder is root's.
    return [];
  }
}

function namespaces({ kernel }: Host): readonly Offer[] {
  return kernel.list(NETNS_DIR).map((word) => ({ word, about: 'network namespace' }));
}
