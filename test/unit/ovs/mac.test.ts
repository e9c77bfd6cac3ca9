/** The MAC address follows the address, unless one is asked for. */
import { expect, test } from 'vitest';
import { parseCidr } from '../../../lib/net/address.ts';
import type { Link } from '../../../plugins/ovs/link.ts';
import { macOf } from '../../../plugins/ovs/mac.ts';
import type { PortType, Settings } from '../../../plugins/ovs/settings.ts';

const link = { mac: '02:00:00:00:00:99' } as Link;
const mac = (addresses: readonly string[], asked?: string, portType: PortType = 'veth'): string =>
  macOf(
    { mac: asked, portType } as Settings,
    link,
    addresses.flatMap((text) => parseCidr(text) ?? []),
  );

test('an IPv4 address is its own four bytes', () => {
  expect(mac(['10.40.0.2/24'])).toBe('0a:58:0a:28:00:02');
  expect(mac(['255.0.1.16/8'])).toBe('0a:58:ff:00:01:10');
});

test('IPv4 decides, wherever it stands', () => {
  expect(mac(['fd40::2/64', '10.40.0.2/24'])).toBe('0a:58:0a:28:00:02');
});

test('an IPv6 address is four bytes of its hash: always the same, and others for others', () => {
  expect(mac(['fd40::2/64'])).toMatch(/^0a:58(?::[0-9a-f]{2}){4}$/);
  expect(mac(['fd40::2/64'])).toBe(mac(['fd40:0:0::0002/48']));
  expect(mac(['fd40::2/64'])).not.toBe(mac(['fd40::3/64']));
});

test('the one asked for is taken, whatever the address', () => {
  expect(mac(['10.40.0.2/24'], '02:00:00:00:00:01')).toBe('02:00:00:00:00:01');
  expect(mac(['10.40.0.2/24'], '02:00:00:00:00:01', 'representor')).toBe('02:00:00:00:00:01');
});

test("without an address it is the link's, and a function keeps its own", () => {
  expect(mac([])).toBe(link.mac);
  expect(mac(['10.40.0.2/24'], undefined, 'representor')).toBe(link.mac);
});
