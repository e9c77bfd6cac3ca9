/** Physical and virtual functions, on a made-up sysfs tree. */
import { describe, expect, test } from 'vitest';
import {
  aliasOf,
  findPf,
  findVf,
  hasUserspaceDriver,
  isPciAddress,
  listPfs,
  locateVf,
} from '../../../lib/pci/function.ts';
import { bindVfio, hostWithVfs, pfAddress, vfAddress, vfName } from '../sriov/made-up.ts';

test.each([
  ['0000:03:10.2', true],
  ['10000:e1:00.0', false],
  ['03:10.2', false],
  ['0000:03:10.8', false],
  ['0000:03:1A.2', false],
  ['../../0000:03:10.2', false],
])('%s is a PCI address: %s', (text, is) => {
  expect(isPciAddress(text)).toBe(is);
});

test('drivers of userspace: vfio-pci, those that vendors made of it, and the older ones', () => {
  const names = ['vfio-pci', 'mlx5_vfio_pci', 'pds-vfio-pci', 'uio_pci_generic', 'igb_uio', 'pci-stub'];
  expect(names.filter((driver) => !hasUserspaceDriver({ driver }))).toEqual([]);
  expect(
    ['igbvf', 'mlx5_core', 'vfio', undefined].filter((driver) => hasUserspaceDriver({ driver })),
  ).toEqual([]);
});

describe('one reading tells', () => {
  test('a NIC by its name or address, in any case, and all of its functions in order', () => {
    using host = hostWithVfs(3);
    bindVfio(host, 1);
    const pf = findPf(host, 'eth0', 'master');
    expect(pf).toEqual({
      address: pfAddress,
      driver: 'igb',
      netdev: 'eth0',
      totalVfs: 7,
      vfs: [
        { address: vfAddress(0), index: 0, driver: 'igbvf', netdev: vfName(0) },
        { address: vfAddress(1), index: 1, driver: 'vfio-pci', netdev: undefined },
        { address: vfAddress(2), index: 2, driver: 'igbvf', netdev: vfName(2) },
      ],
    });
    expect(findPf(host, pfAddress.toUpperCase(), 'master')).toEqual(pf);
    expect(listPfs(host)).toEqual([pf]);
    expect(findVf(host, vfAddress(2), 'deviceID')).toEqual({ pf, vf: pf.vfs[2] });
  });

  test('functions by their numbers, not as the folder lists them', () => {
    using host = hostWithVfs(2);
    host.machine.symlinks.set(
      `/sys/bus/pci/devices/${pfAddress}/virtfn10`,
      `/sys/bus/pci/devices/${vfAddress(0)}`,
    );
    expect(findPf(host, 'eth0', 'master').vfs.map(({ index }) => index)).toEqual([0, 1, 10]);
  });

  test('the alias of a link that is on the host', () => {
    using host = hostWithVfs(1);
    expect(aliasOf(host, vfAddress(0))).toBeUndefined();
    expect(aliasOf(host, '0000:09:00.0')).toBeUndefined();
  });
});

describe('refused, with the field and its value', () => {
  test.each([
    ['0000:01:10.6', /^deviceID: "0000:01:10.6" is no PCI device of this node/],
    [pfAddress, /^deviceID: "0000:01:00.0" is no virtual function/],
  ])('the function %s', (address, says) => {
    using host = hostWithVfs(1);
    expect(() => findVf(host, address, 'deviceID')).toThrow(says);
    expect(locateVf(host, address)).toBeUndefined();
  });

  test.each([
    ['nic9', /^master: "nic9" is neither a NIC of this node nor the PCI address of one/],
    ['lo', /^master: "lo" is neither/],
    ['../net/eth0', /^master: "..\/net\/eth0" is neither/],
    [vfAddress(0), /^master: ".*" is a virtual function itself; name its NIC, or use deviceID/],
  ])('the NIC %s', (name, says) => {
    using host = hostWithVfs(1);
    host.machine.put({ ifname: 'lo' });
    expect(() => findPf(host, name, 'master')).toThrow(says);
  });

  test('a NIC without SR-IOV', () => {
    using host = hostWithVfs(1);
    host.machine.files.set(`/sys/bus/pci/devices/${pfAddress}/sriov_totalvfs`, '0');
    expect(() => findPf(host, 'eth0', 'master')).toThrow(/^master: "eth0" has no SR-IOV/);
    expect(listPfs(host)).toEqual([]);
  });
});
