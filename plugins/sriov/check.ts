/** CHECK: is everything still as ADD left it? All that is not is named, not only the first. */
import { ipamFaults, refuseFaults, resultToCheck, sandboxFaults } from '../../lib/attach/check.ts';
import { recordedIn } from '../../lib/attach/recorded.ts';
import { type AttachmentContext, sandboxOf } from '../../lib/cni/plugin.ts';
import type { VfSettings } from '../../lib/ip/vf.ts';
import { hasUserspaceDriver, locateVf } from '../../lib/pci/function.ts';
import { type Config, fieldOf, type Settings, settingsOf } from './config.ts';
import { findIn, namesInside } from './home.ts';
import { lockPf, readFunction } from './reading.ts';
import { type State, stateOf } from './state.ts';

export async function check(context: AttachmentContext<Config>): Promise<void> {
  const { host, ipam, attachment } = context;
  const settings = settingsOf(context);
  const result = resultToCheck(context);
  const state = stateOf(host, attachment);
  const ifname = nameInSandbox(settings, state, attachment.ifname);
  const recorded = recordedIn(result, ifname, undefined);
  const isMoved = state === undefined || state.link !== undefined;
  refuseFaults(attachment, [
    ...(state === undefined
      ? ['no record says which virtual function it has']
      : await functionFaults(context, settings, state)),
    ...(isMoved ? await sandboxFaults(context, result, recorded, { ifname }) : []),
    ...(await ipamFaults(ipam)),
  ]);
}

/** The link's name in the sandbox. */
export function nameInSandbox({ keepName }: Settings, state: State | undefined, ifname: string): string {
  return (keepName && state?.link?.name) || ifname;
}

async function functionFaults(
  context: AttachmentContext<Config>,
  settings: Settings,
  state: State,
): Promise<string[]> {
  const { host } = context;
  const { address, link } = state;
  const located = locateVf(host, address);
  if (located === undefined) return [`the virtual function ${address} is gone`];
  const faults: string[] = [];
  if (link === undefined && !hasUserspaceDriver(located.vf)) {
    faults.push(
      `${address} has the driver ${located.vf.driver ?? 'none'}, and no driver of userspace any more`,
    );
  }
  if (
    link !== undefined &&
    (await findIn(host, sandboxOf(context), address, namesInside(state))) === undefined
  ) {
    faults.push(`the link of ${address} is not in ${context.request.netns}`);
  }
  using holding = await lockPf(host, located.pf);
  const { vf } = await readFunction(host, located.pf, located.vf, holding);
  // What a driver does not tell cannot be checked.
  const wrong = (Object.keys(settings.vf) as (keyof VfSettings)[])
    .filter((field) => settings.vf[field] !== undefined && vf[field] !== undefined)
    .filter((field) => vf[field] !== settings.vf[field])
    .map((field) => `${fieldOf[field]} of ${address} is ${vf[field]}, not ${settings.vf[field]}`);
  return [...faults, ...wrong];
}
