// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.
import {
  anything,
  config,
  flag,
  integer,
  list,
  openConfig,
  optional,
  optionalOrEmpty,
  orElse,
  such,
  text,
} from '../plain.ts';
import { isDeviceName, isLinkMtu, isPluginFile } from './config.ts';

export const optionalText = optionalOrEmpty(text);
export const optionalTexts = optional(list(text));
export const offByDefault = orElse(optional(flag), false);
const optionalPluginName = optionalOrEmpty(such(text, isPluginFile));
export const deviceName = such(text, isDeviceName);
export const optionalDevice = optionalOrEmpty(deviceName);
export const linkMtu = such(integer(0, 65535), isLinkMtu);
export const cniArgs = { mac: optionalText, ips: optionalTexts };
export const runtimeConfig = { mac: optionalText, ips: optionalTexts };

export const base = {
  cniVersion: optionalText,
  name: text,
  type: optionalPluginName,
  ipam: optional(openConfig({ type: optionalPluginName })),
  dns: optional(
    config({
      nameservers: optionalTexts,
      domain: optionalText,
      search: optionalTexts,
      options: optionalTexts,
    }),
  ),
  args: optional(openConfig({ cni: optional(openConfig(cniArgs)) })),
  runtimeConfig: optional(openConfig(runtimeConfig)),
  prevResult: optional(anything),
  'cni.dev/valid-attachments': optional(list(config({ containerID: text, ifname: text }))),
  logLevel: optionalText,
  logFile: optionalText,
};

export const plainConfig = config(base);
