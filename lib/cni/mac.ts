/** The MAC address asked for, in whichever way a caller can ask. */
import { CniError, ErrorCode, show } from '../errors.ts';
import type { CniArgs } from './args.ts';
import type { BaseConfig } from './config.ts';

/** Six hexadecimal bytes by colons or dashes, as Go reads them; the kernel gets them by colons, in lower case. */
const form = /^[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}$/i;

/** Whether a text is a MAC address in the form that the kernel prints, in either case. */
export function isMac(text: string): boolean {
  return form.test(text) && !text.includes('-');
}

/**
 * runtimeConfig over args.cni over CNI_ARGS over the config's own field (conventions).
 * @throws CniError 7 or 4 for a text that is no unicast MAC address
 */
export function chosenMac(
  config: BaseConfig & { readonly mac?: string | undefined },
  args: CniArgs,
): string | undefined {
  const sources = [
    ['runtimeConfig.mac', config.runtimeConfig?.mac],
    ['args.cni.mac', config.args?.cni?.mac],
    ['CNI_ARGS: MAC', args.get('MAC')],
    ['mac', config.mac],
  ] as const;
  const asked = sources.find(([, mac]) => mac !== undefined && mac !== '');
  if (asked === undefined) return undefined;
  const [source, mac = ''] = asked;
  return normalMac(mac, source);
}

/**
 * A unicast MAC address as the kernel writes it.
 * @param source names it in errors
 * @throws CniError 7, or 4 where it comes from CNI_ARGS
 */
export function normalMac(text: string, source: string): string {
  const mac = text.toLowerCase().replaceAll('-', ':');
  const isUnicast = (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0;
  if (!form.test(text) || !isUnicast || mac === '00:00:00:00:00:00') {
    const code = source.startsWith('CNI_ARGS') ? ErrorCode.invalidEnvironment : ErrorCode.invalidConfig;
    throw new CniError(code, `${source}: ${show(text)} is no unicast MAC address such as 02:00:00:00:00:01`);
  }
  return mac;
}
