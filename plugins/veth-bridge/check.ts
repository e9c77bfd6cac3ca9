/** CHECK: is everything still as ADD left it? All that is not is named, not only the first. */
import {
  ipamFaults,
  linkFaults,
  refuseFaults,
  resultToCheck,
  sandboxFaults,
} from '../../lib/attach/check.ts';
import { recordedIn } from '../../lib/attach/recorded.ts';
import type { AttachmentContext } from '../../lib/cni/plugin.ts';
import type { ResultInterface } from '../../lib/cni/result.ts';
import { ipBatch } from '../../lib/ip/batch.ts';
import { isUp, kindOf, readLinks, showDevice } from '../../lib/ip/read.ts';
import { type Names, namesOf } from './attachment.ts';
import { type Config, settingsOf } from './config.ts';
import { faultsOfRules } from './rules.ts';

export async function check(context: AttachmentContext<Config>): Promise<void> {
  const { config, host, ipam, attachment } = context;
  const settings = settingsOf(context);
  const result = resultToCheck(context);
  const names = namesOf(context);
  const recorded = recordedIn(result, attachment.ifname, settings.bridge, names.host);
  const faults = [
    ...(await hostFaults(context, names, recorded.host)),
    ...(await sandboxFaults(context, result, recorded, { down: config.disableContainerInterface })),
    ...(await faultsOfRules(host, config, names, {
      mac: recorded.sandbox?.mac,
      addresses: recorded.addresses,
    })),
    ...(await ipamFaults(ipam)),
  ];
  refuseFaults(attachment, faults);
}

async function hostFaults(
  { host, config }: AttachmentContext<Config>,
  names: Names,
  recorded: ResultInterface | undefined,
): Promise<string[]> {
  const documents = await ipBatch(host, [showDevice(names.host), showDevice(config.bridge)], { force: true });
  const links = documents.flatMap(readLinks);
  const port = links.find((link) => link.ifname === names.host);
  const bridge = links.find((link) => link.ifname === config.bridge);
  const faults: string[] = [];
  if (bridge === undefined) faults.push(`the bridge ${config.bridge} is gone`);
  else if (kindOf(bridge) !== 'bridge') faults.push(`the link ${config.bridge} is no bridge any more`);
  else if (!isUp(bridge)) faults.push(`the bridge ${config.bridge} is down`);
  if (port === undefined) return [...faults, `the host link ${names.host} is gone`];
  if (port.master !== config.bridge) {
    faults.push(`the host link ${names.host} has the master ${port.master ?? 'none'}, not ${config.bridge}`);
  }
  if (!isUp(port)) faults.push(`the host link ${names.host} is down`);
  return [...faults, ...linkFaults(port, recorded, `the host link ${names.host}`)];
}
