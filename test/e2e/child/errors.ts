/** What macvlan and ipvlan refuse: with the field and its value, and with nothing left. */
import { describe, expect } from 'vitest';
import {
  type CniCall,
  type Component,
  type Config,
  createContainer,
  expectFailure,
  expectPing,
  inVirtualMachine,
  testNeeds,
} from '../../support/index.ts';
import { childConfig, childNetwork, type Kind, stateOf, triesShared } from './pods.ts';

export interface Refusal {
  readonly fields?: Config;
  readonly says: RegExp;
  /** 7 by default. */
  readonly code?: number;
  readonly args?: CniCall['args'];
  /** Scripts before the call, on the node and in the container. */
  readonly onNode?: string;
  readonly inside?: string;
  readonly needs?: readonly Component[];
  /** The config alone is to blame, so no kernel is asked: no feature of one is needed, and one run of it is enough. */
  readonly byConfig?: true;
}

const common: Readonly<Record<string, Refusal>> = {
  'an unknown mode': { fields: { mode: 'bogus' }, says: /mode: "bogus", expected one of /, byConfig: true },
  'a master that is not there': {
    fields: { master: 'nic9' },
    says: /master: there is no link "nic9" on this node/,
  },
  'a master that is in the container, where it is looked for on the node': {
    fields: { master: 'inner' },
    inside: 'ip link add inner type veth',
    says: /master: there is no link "inner" on this node; with linkInContainer .*in the sandbox/,
  },
  'a master that is on the node, where it is looked for in the container': {
    fields: { linkInContainer: true },
    says: /master: there is no link "uplink" in the sandbox; without linkInContainer .*on the node/,
  },
  'no master, and no default route to find it by': {
    fields: { master: undefined },
    onNode: 'ip route del default; ip -6 route del default',
    says: /master: none is named, and this node has no default route/,
  },
  'no master, and no default route in the container': {
    fields: { master: undefined, linkInContainer: true },
    says: /master: none is named, and the sandbox has no default route/,
  },
  'a name of a master that is none': {
    fields: { master: 'up link' },
    says: /master: "up link", expected an interface name/,
    byConfig: true,
  },
  "an MTU above the master's": { fields: { mtu: 1501 }, says: /mtu: 1501 is more than the 1500 .*"uplink"/ },
  'an MTU that no link can have': {
    fields: { mtu: 65536 },
    says: /^mtu: 65536, expected .* 65535/,
    byConfig: true,
  },
  'an MTU below all use': { fields: { mtu: 10 }, says: /^mtu: 10, expected .* 68/, byConfig: true },
  'a master that is a bridge port': {
    fields: {},
    onNode: 'ip link add br9 type bridge; ip link set uplink master br9',
    says: /master: "uplink" is a port of br9, and a port cannot have (mac|ip)vlan links/,
  },
};

/** @param own what this plugin alone refuses */
export function errorTests(kind: Kind, own: Readonly<Record<string, Refusal>>): void {
  describe('an ADD is refused, and leaves nothing, with', () => {
    for (const [what, refusal] of Object.entries({ ...(triesShared(kind) && common), ...own })) {
      const { fields, says, code = 7, args, onNode, inside, needs = [kind], byConfig } = refusal;
      if (byConfig && inVirtualMachine) continue;
      testNeeds(byConfig ? [] : needs, what, async ({ node, lan, leaks }) => {
        leaks.allow(/br9/, /uplink/);
        const blue = await createContainer(node, { name: 'blue' });
        if (onNode) await node.sh(onNode);
        if (inside) await blue.sh(inside);
        const [before, links] = [await stateOf(node), await blue.run('ip', '-brief', 'link')];
        const call = { config: childConfig(node, kind, fields), container: blue, ...(args && { args }) };
        await expectFailure(node, { ...call, command: 'ADD' }, { code, says });
        expect(await stateOf(node)).toBe(before);
        expect(await blue.run('ip', '-brief', 'link')).toBe(links);
        if (inside) await blue.run('ip', 'link', 'del', 'inner');
        expect(lan.uplink).toBe('uplink');
      });
    }

    testNeeds([kind], "the node's own namespace as sandbox", async ({ node, lan }) => {
      const pods = childNetwork(node, kind);
      const blue = await pods.start('blue');
      const before = await stateOf(node);
      for (const command of ['ADD', 'CHECK', 'DEL']) {
        const config = { ...pods.config, prevResult: blue.result };
        const call = { command, config, containerId: blue.id, netns: `/proc/${node.pid}/ns/net` };
        await expectFailure(node, call, { code: 8, says: /namespace that this plugin runs in/ });
      }
      expect(await stateOf(node)).toBe(before);
      await expectPing(blue, lan.ip4);
      await pods.clear();
    });
  });
}
