// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.
import { isDeviceName, isLinkMtu, isPluginFile } from '../../lib/cni/config.ts';
import { type Plain, isMembers, readEach, takeOthers } from '../../lib/plain.ts';

const plainConfigIpamKeys: readonly string[] = ["type"];

function plainConfigIpam(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberType = value["type"];
  if (memberType !== undefined && memberType !== null && memberType !== '') {
    if (typeof memberType !== 'string') return undefined;
    if (!isPluginFile(memberType)) return undefined;
    out["type"] = memberType;
  }
  if (!takeOthers(value, plainConfigIpamKeys, out)) return undefined;
  return out;
}

const plainConfigDnsKeys: readonly string[] = ["nameservers","domain","search","options"];

function plainConfigDns(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberNameservers = value["nameservers"];
  if (memberNameservers !== undefined && memberNameservers !== null) {
    if (!Array.isArray(memberNameservers)) return undefined;
    for (const item of memberNameservers) {
      if (typeof item !== 'string') return undefined;
    }
    out["nameservers"] = memberNameservers;
  }
  const memberDomain = value["domain"];
  if (memberDomain !== undefined && memberDomain !== null && memberDomain !== '') {
    if (typeof memberDomain !== 'string') return undefined;
    out["domain"] = memberDomain;
  }
  const memberSearch = value["search"];
  if (memberSearch !== undefined && memberSearch !== null) {
    if (!Array.isArray(memberSearch)) return undefined;
    for (const item of memberSearch) {
      if (typeof item !== 'string') return undefined;
    }
    out["search"] = memberSearch;
  }
  const memberOptions = value["options"];
  if (memberOptions !== undefined && memberOptions !== null) {
    if (!Array.isArray(memberOptions)) return undefined;
    for (const item of memberOptions) {
      if (typeof item !== 'string') return undefined;
    }
    out["options"] = memberOptions;
  }
  if (!takeOthers(value, plainConfigDnsKeys)) return undefined;
  return out;
}

const plainConfigArgsCniKeys: readonly string[] = ["mac","ips"];

function plainConfigArgsCni(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberMac = value["mac"];
  if (memberMac !== undefined && memberMac !== null && memberMac !== '') {
    if (typeof memberMac !== 'string') return undefined;
    out["mac"] = memberMac;
  }
  const memberIps = value["ips"];
  if (memberIps !== undefined && memberIps !== null) {
    if (!Array.isArray(memberIps)) return undefined;
    for (const item of memberIps) {
      if (typeof item !== 'string') return undefined;
    }
    out["ips"] = memberIps;
  }
  if (!takeOthers(value, plainConfigArgsCniKeys, out)) return undefined;
  return out;
}

const plainConfigArgsKeys: readonly string[] = ["cni"];

function plainConfigArgs(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberCni = value["cni"];
  if (memberCni !== undefined && memberCni !== null) {
    const memberCniRead = plainConfigArgsCni(memberCni);
    if (memberCniRead === undefined) return undefined;
    out["cni"] = memberCniRead;
  }
  if (!takeOthers(value, plainConfigArgsKeys, out)) return undefined;
  return out;
}

const plainConfigRuntimeConfigKeys: readonly string[] = ["mac","ips"];

function plainConfigRuntimeConfig(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberMac = value["mac"];
  if (memberMac !== undefined && memberMac !== null && memberMac !== '') {
    if (typeof memberMac !== 'string') return undefined;
    out["mac"] = memberMac;
  }
  const memberIps = value["ips"];
  if (memberIps !== undefined && memberIps !== null) {
    if (!Array.isArray(memberIps)) return undefined;
    for (const item of memberIps) {
      if (typeof item !== 'string') return undefined;
    }
    out["ips"] = memberIps;
  }
  if (!takeOthers(value, plainConfigRuntimeConfigKeys, out)) return undefined;
  return out;
}

const plainConfigCniDevValidAttachmentsItemKeys: readonly string[] = ["containerID","ifname"];

function plainConfigCniDevValidAttachmentsItem(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberContainerID = value["containerID"];
  if (typeof memberContainerID !== 'string') return undefined;
  out["containerID"] = memberContainerID;
  const memberIfname = value["ifname"];
  if (typeof memberIfname !== 'string') return undefined;
  out["ifname"] = memberIfname;
  if (!takeOthers(value, plainConfigCniDevValidAttachmentsItemKeys)) return undefined;
  return out;
}

function plainConfigCniDevValidAttachments(value: unknown): readonly unknown[] | undefined {
  return readEach(value, plainConfigCniDevValidAttachmentsItem);
}

export const plainConfigKeys: readonly string[] = ["cniVersion","name","type","ipam","dns","args","runtimeConfig","prevResult","cni.dev/valid-attachments","logLevel","logFile","master","mode","flag","mtu","mac","linkInContainer"];

export function plainConfig(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberCniVersion = value["cniVersion"];
  if (memberCniVersion !== undefined && memberCniVersion !== null && memberCniVersion !== '') {
    if (typeof memberCniVersion !== 'string') return undefined;
    out["cniVersion"] = memberCniVersion;
  }
  const memberName = value["name"];
  if (typeof memberName !== 'string') return undefined;
  out["name"] = memberName;
  const memberType = value["type"];
  if (memberType !== undefined && memberType !== null && memberType !== '') {
    if (typeof memberType !== 'string') return undefined;
    if (!isPluginFile(memberType)) return undefined;
    out["type"] = memberType;
  }
  const memberIpam = value["ipam"];
  if (memberIpam !== undefined && memberIpam !== null) {
    const memberIpamRead = plainConfigIpam(memberIpam);
    if (memberIpamRead === undefined) return undefined;
    out["ipam"] = memberIpamRead;
  }
  const memberDns = value["dns"];
  if (memberDns !== undefined && memberDns !== null) {
    const memberDnsRead = plainConfigDns(memberDns);
    if (memberDnsRead === undefined) return undefined;
    out["dns"] = memberDnsRead;
  }
  const memberArgs = value["args"];
  if (memberArgs !== undefined && memberArgs !== null) {
    const memberArgsRead = plainConfigArgs(memberArgs);
    if (memberArgsRead === undefined) return undefined;
    out["args"] = memberArgsRead;
  }
  const memberRuntimeConfig = value["runtimeConfig"];
  if (memberRuntimeConfig !== undefined && memberRuntimeConfig !== null) {
    const memberRuntimeConfigRead = plainConfigRuntimeConfig(memberRuntimeConfig);
    if (memberRuntimeConfigRead === undefined) return undefined;
    out["runtimeConfig"] = memberRuntimeConfigRead;
  }
  const memberPrevResult = value["prevResult"];
  if (memberPrevResult !== undefined && memberPrevResult !== null) {
    out["prevResult"] = memberPrevResult;
  }
  const memberCniDevValidAttachments = value["cni.dev/valid-attachments"];
  if (memberCniDevValidAttachments !== undefined && memberCniDevValidAttachments !== null) {
    const memberCniDevValidAttachmentsRead = plainConfigCniDevValidAttachments(memberCniDevValidAttachments);
    if (memberCniDevValidAttachmentsRead === undefined) return undefined;
    out["cni.dev/valid-attachments"] = memberCniDevValidAttachmentsRead;
  }
  const memberLogLevel = value["logLevel"];
  if (memberLogLevel !== undefined && memberLogLevel !== null && memberLogLevel !== '') {
    if (typeof memberLogLevel !== 'string') return undefined;
    out["logLevel"] = memberLogLevel;
  }
  const memberLogFile = value["logFile"];
  if (memberLogFile !== undefined && memberLogFile !== null && memberLogFile !== '') {
    if (typeof memberLogFile !== 'string') return undefined;
    out["logFile"] = memberLogFile;
  }
  const memberMaster = value["master"];
  if (memberMaster !== undefined && memberMaster !== null && memberMaster !== '') {
    if (typeof memberMaster !== 'string') return undefined;
    if (!isDeviceName(memberMaster)) return undefined;
    out["master"] = memberMaster;
  }
  const memberMode = value["mode"];
  if (memberMode !== undefined && memberMode !== null && memberMode !== '') {
    if (memberMode !== "l2" && memberMode !== "l3" && memberMode !== "l3s") return undefined;
    out["mode"] = memberMode;
  } else out["mode"] = "l2";
  const memberFlag = value["flag"];
  if (memberFlag !== undefined && memberFlag !== null && memberFlag !== '') {
    if (memberFlag !== "bridge" && memberFlag !== "private" && memberFlag !== "vepa") return undefined;
    out["flag"] = memberFlag;
  } else out["flag"] = "bridge";
  const memberMtu = value["mtu"];
  if (memberMtu !== undefined && memberMtu !== null) {
    if (typeof memberMtu !== 'number' || !Number.isSafeInteger(memberMtu)) return undefined;
    if (memberMtu < 0) return undefined;
    if (memberMtu > 65535) return undefined;
    if (!isLinkMtu(memberMtu)) return undefined;
    out["mtu"] = memberMtu;
  } else out["mtu"] = 0;
  const memberMac = value["mac"];
  if (memberMac !== undefined && memberMac !== null && memberMac !== '') {
    if (typeof memberMac !== 'string') return undefined;
    out["mac"] = memberMac;
  }
  const memberLinkInContainer = value["linkInContainer"];
  if (memberLinkInContainer !== undefined && memberLinkInContainer !== null) {
    if (typeof memberLinkInContainer !== 'boolean') return undefined;
    out["linkInContainer"] = memberLinkInContainer;
  } else out["linkInContainer"] = false;
  if (!takeOthers(value, plainConfigKeys)) return undefined;
  return out;
}
