// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.
import { isPluginFile } from '../../lib/cni/config.ts';
import { isAddressOrEmpty, isCidr } from '../../lib/net/schema.ts';
import { type Plain, isMembers, readEach, takeOthers } from '../../lib/plain.ts';
import { isAbsoluteOrEmpty, isPath } from './config.ts';

const plainConfigIpamRangesItemItemKeys: readonly string[] = ["subnet","rangeStart","rangeEnd","gateway"];

function plainConfigIpamRangesItemItem(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberSubnet = value["subnet"];
  if (typeof memberSubnet !== 'string') return undefined;
  if (!isCidr(memberSubnet)) return undefined;
  out["subnet"] = memberSubnet;
  const memberRangeStart = value["rangeStart"];
  if (memberRangeStart !== undefined && memberRangeStart !== null && memberRangeStart !== '') {
    if (typeof memberRangeStart !== 'string') return undefined;
    if (!isAddressOrEmpty(memberRangeStart)) return undefined;
    out["rangeStart"] = memberRangeStart;
  }
  const memberRangeEnd = value["rangeEnd"];
  if (memberRangeEnd !== undefined && memberRangeEnd !== null && memberRangeEnd !== '') {
    if (typeof memberRangeEnd !== 'string') return undefined;
    if (!isAddressOrEmpty(memberRangeEnd)) return undefined;
    out["rangeEnd"] = memberRangeEnd;
  }
  const memberGateway = value["gateway"];
  if (memberGateway !== undefined && memberGateway !== null && memberGateway !== '') {
    if (typeof memberGateway !== 'string') return undefined;
    if (!isAddressOrEmpty(memberGateway)) return undefined;
    out["gateway"] = memberGateway;
  }
  if (!takeOthers(value, plainConfigIpamRangesItemItemKeys)) return undefined;
  return out;
}

function plainConfigIpamRangesItem(value: unknown): readonly unknown[] | undefined {
  return readEach(value, plainConfigIpamRangesItemItem);
}

function plainConfigIpamRanges(value: unknown): readonly unknown[] | undefined {
  return readEach(value, plainConfigIpamRangesItem);
}

const plainConfigIpamRoutesItemKeys: readonly string[] = ["dst","gw","mtu","advmss","priority","table","scope"];

function plainConfigIpamRoutesItem(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberDst = value["dst"];
  if (typeof memberDst !== 'string') return undefined;
  if (!isCidr(memberDst)) return undefined;
  out["dst"] = memberDst;
  const memberGw = value["gw"];
  if (memberGw !== undefined && memberGw !== null && memberGw !== '') {
    if (typeof memberGw !== 'string') return undefined;
    if (!isAddressOrEmpty(memberGw)) return undefined;
    out["gw"] = memberGw;
  }
  const memberMtu = value["mtu"];
  if (memberMtu !== undefined && memberMtu !== null) {
    if (typeof memberMtu !== 'number' || !Number.isSafeInteger(memberMtu)) return undefined;
    if (memberMtu < 0) return undefined;
    if (memberMtu > 4294967295) return undefined;
    out["mtu"] = memberMtu;
  }
  const memberAdvmss = value["advmss"];
  if (memberAdvmss !== undefined && memberAdvmss !== null) {
    if (typeof memberAdvmss !== 'number' || !Number.isSafeInteger(memberAdvmss)) return undefined;
    if (memberAdvmss < 0) return undefined;
    if (memberAdvmss > 4294967295) return undefined;
    out["advmss"] = memberAdvmss;
  }
  const memberPriority = value["priority"];
  if (memberPriority !== undefined && memberPriority !== null) {
    if (typeof memberPriority !== 'number' || !Number.isSafeInteger(memberPriority)) return undefined;
    if (memberPriority < 0) return undefined;
    if (memberPriority > 4294967295) return undefined;
    out["priority"] = memberPriority;
  }
  const memberTable = value["table"];
  if (memberTable !== undefined && memberTable !== null) {
    if (typeof memberTable !== 'number' || !Number.isSafeInteger(memberTable)) return undefined;
    if (memberTable < 0) return undefined;
    if (memberTable > 4294967295) return undefined;
    out["table"] = memberTable;
  }
  const memberScope = value["scope"];
  if (memberScope !== undefined && memberScope !== null) {
    if (typeof memberScope !== 'number' || !Number.isSafeInteger(memberScope)) return undefined;
    if (memberScope < 0) return undefined;
    if (memberScope > 255) return undefined;
    out["scope"] = memberScope;
  }
  if (!takeOthers(value, plainConfigIpamRoutesItemKeys)) return undefined;
  return out;
}

function plainConfigIpamRoutes(value: unknown): readonly unknown[] | undefined {
  return readEach(value, plainConfigIpamRoutesItem);
}

const plainConfigIpamKeys: readonly string[] = ["type","subnet","rangeStart","rangeEnd","gateway","ranges","routes","resolvConf","dataDir","reclaimOnReboot","reclaimForeign"];

function plainConfigIpam(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberType = value["type"];
  if (memberType !== undefined && memberType !== null && memberType !== '') {
    if (typeof memberType !== 'string') return undefined;
    out["type"] = memberType;
  }
  const memberSubnet = value["subnet"];
  if (memberSubnet !== undefined && memberSubnet !== null && memberSubnet !== '') {
    if (typeof memberSubnet !== 'string') return undefined;
    if (!isCidr(memberSubnet)) return undefined;
    out["subnet"] = memberSubnet;
  }
  const memberRangeStart = value["rangeStart"];
  if (memberRangeStart !== undefined && memberRangeStart !== null && memberRangeStart !== '') {
    if (typeof memberRangeStart !== 'string') return undefined;
    if (!isAddressOrEmpty(memberRangeStart)) return undefined;
    out["rangeStart"] = memberRangeStart;
  }
  const memberRangeEnd = value["rangeEnd"];
  if (memberRangeEnd !== undefined && memberRangeEnd !== null && memberRangeEnd !== '') {
    if (typeof memberRangeEnd !== 'string') return undefined;
    if (!isAddressOrEmpty(memberRangeEnd)) return undefined;
    out["rangeEnd"] = memberRangeEnd;
  }
  const memberGateway = value["gateway"];
  if (memberGateway !== undefined && memberGateway !== null && memberGateway !== '') {
    if (typeof memberGateway !== 'string') return undefined;
    if (!isAddressOrEmpty(memberGateway)) return undefined;
    out["gateway"] = memberGateway;
  }
  const memberRanges = value["ranges"];
  if (memberRanges !== undefined && memberRanges !== null) {
    const memberRangesRead = plainConfigIpamRanges(memberRanges);
    if (memberRangesRead === undefined) return undefined;
    out["ranges"] = memberRangesRead;
  } else out["ranges"] = [];
  const memberRoutes = value["routes"];
  if (memberRoutes !== undefined && memberRoutes !== null) {
    const memberRoutesRead = plainConfigIpamRoutes(memberRoutes);
    if (memberRoutesRead === undefined) return undefined;
    out["routes"] = memberRoutesRead;
  } else out["routes"] = [];
  const memberResolvConf = value["resolvConf"];
  if (memberResolvConf !== undefined && memberResolvConf !== null && memberResolvConf !== '') {
    if (typeof memberResolvConf !== 'string') return undefined;
    if (!isPath(memberResolvConf)) return undefined;
    out["resolvConf"] = memberResolvConf;
  } else out["resolvConf"] = "";
  const memberDataDir = value["dataDir"];
  if (memberDataDir !== undefined && memberDataDir !== null && memberDataDir !== '') {
    if (typeof memberDataDir !== 'string') return undefined;
    if (!isPath(memberDataDir)) return undefined;
    if (!isAbsoluteOrEmpty(memberDataDir)) return undefined;
    out["dataDir"] = memberDataDir;
  }
  const memberReclaimOnReboot = value["reclaimOnReboot"];
  if (memberReclaimOnReboot !== undefined && memberReclaimOnReboot !== null) {
    if (typeof memberReclaimOnReboot !== 'boolean') return undefined;
    out["reclaimOnReboot"] = memberReclaimOnReboot;
  } else out["reclaimOnReboot"] = true;
  const memberReclaimForeign = value["reclaimForeign"];
  if (memberReclaimForeign !== undefined && memberReclaimForeign !== null) {
    if (typeof memberReclaimForeign !== 'boolean') return undefined;
    out["reclaimForeign"] = memberReclaimForeign;
  } else out["reclaimForeign"] = false;
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

const plainConfigRuntimeConfigKeys: readonly string[] = ["mac","ips","ipRanges"];

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
  const memberIpRanges = value["ipRanges"];
  if (memberIpRanges !== undefined && memberIpRanges !== null) {
    const memberIpRangesRead = plainConfigIpamRanges(memberIpRanges);
    if (memberIpRangesRead === undefined) return undefined;
    out["ipRanges"] = memberIpRangesRead;
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

export const plainConfigKeys: readonly string[] = ["cniVersion","name","type","ipam","dns","args","runtimeConfig","prevResult","cni.dev/valid-attachments","logLevel","logFile"];

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
  const memberIpamRead = plainConfigIpam(memberIpam);
  if (memberIpamRead === undefined) return undefined;
  out["ipam"] = memberIpamRead;
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
  if (!takeOthers(value, plainConfigKeys)) return undefined;
  return out;
}
