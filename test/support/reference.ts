/** The reference plugins, for tests that call them beside ours. */
import { referenceDir } from './paths.ts';

/** Of a single call: the reference's plugin, which finds its IPAM plugin there too. */
export const reference = { binDir: referenceDir, path: [referenceDir] } as const;

/** Of a config for the reference's bridge: pods with a gateway, masqueraded. Without ipam. */
export const referenceBridge = {
  cniVersion: '1.0.0',
  name: 'pods',
  type: 'bridge',
  bridge: 'cni0',
  isDefaultGateway: true,
  ipMasq: true,
} as const;
