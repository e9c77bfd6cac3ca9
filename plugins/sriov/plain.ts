// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.
import { isLinkMtu, isPluginFile } from '../../lib/cni/config.ts';
import { type Plain, isMembers, readEach, takeOthers } from '../../lib/plain.ts';
import { isVlanProtocol } from './config.ts';

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

const plainConfigRuntimeConfigKeys: readonly string[] = ["mac","ips","deviceID"];

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
  const memberDeviceID = value["deviceID"];
  if (memberDeviceID !== undefined && memberDeviceID !== null && memberDeviceID !== '') {
    if (typeof memberDeviceID !== 'string') return undefined;
    out["deviceID"] = memberDeviceID;
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

export const plainConfigKeys: readonly string[] = ["cniVersion","name","type","ipam","dns","args","runtimeConfig","prevResult","cni.dev/valid-attachments","logLevel","logFile","deviceID","master","numVfs","vlan","vlanQoS","vlanProto","mtu","mac","spoofchk","trust","link_state","min_tx_rate","max_tx_rate","keepName"];

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
  const memberDeviceID = value["deviceID"];
  if (memberDeviceID !== undefined && memberDeviceID !== null && memberDeviceID !== '') {
    if (typeof memberDeviceID !== 'string') return undefined;
    out["deviceID"] = memberDeviceID;
  }
  const memberMaster = value["master"];
  if (memberMaster !== undefined && memberMaster !== null && memberMaster !== '') {
    if (typeof memberMaster !== 'string') return undefined;
    out["master"] = memberMaster;
  }
  const memberNumVfs = value["numVfs"];
  if (memberNumVfs !== undefined && memberNumVfs !== null) {
    if (typeof memberNumVfs !== 'number' || !Number.isSafeInteger(memberNumVfs)) return undefined;
    if (memberNumVfs < 1) return undefined;
    if (memberNumVfs > 65535) return undefined;
    out["numVfs"] = memberNumVfs;
  }
  const memberVlan = value["vlan"];
  if (memberVlan !== undefined && memberVlan !== null) {
    if (typeof memberVlan !== 'number' || !Number.isSafeInteger(memberVlan)) return undefined;
    if (memberVlan < 0) return undefined;
    if (memberVlan > 4094) return undefined;
    out["vlan"] = memberVlan;
  }
  const memberVlanQoS = value["vlanQoS"];
  if (memberVlanQoS !== undefined && memberVlanQoS !== null) {
    if (typeof memberVlanQoS !== 'number' || !Number.isSafeInteger(memberVlanQoS)) return undefined;
    if (memberVlanQoS < 0) return undefined;
    if (memberVlanQoS > 7) return undefined;
    out["vlanQoS"] = memberVlanQoS;
  }
  const memberVlanProto = value["vlanProto"];
  if (memberVlanProto !== undefined && memberVlanProto !== null && memberVlanProto !== '') {
    if (typeof memberVlanProto !== 'string') return undefined;
    if (!isVlanProtocol(memberVlanProto)) return undefined;
    out["vlanProto"] = memberVlanProto;
  }
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
  const memberSpoofchk = value["spoofchk"];
  if (memberSpoofchk !== undefined && memberSpoofchk !== null && memberSpoofchk !== '') {
    if (memberSpoofchk !== "on" && memberSpoofchk !== "off") return undefined;
    out["spoofchk"] = memberSpoofchk;
  }
  const memberTrust = value["trust"];
  if (memberTrust !== undefined && memberTrust !== null && memberTrust !== '') {
    if (memberTrust !== "on" && memberTrust !== "off") return undefined;
    out["trust"] = memberTrust;
  }
  const memberLinkState = value["link_state"];
  if (memberLinkState !== undefined && memberLinkState !== null && memberLinkState !== '') {
    if (memberLinkState !== "auto" && memberLinkState !== "enable" && memberLinkState !== "disable") return undefined;
    out["link_state"] = memberLinkState;
  }
  const memberMinTxRate = value["min_tx_rate"];
  if (memberMinTxRate !== undefined && memberMinTxRate !== null) {
    if (typeof memberMinTxRate !== 'number' || !Number.isSafeInteger(memberMinTxRate)) return undefined;
    if (memberMinTxRate < 0) return undefined;
    if (memberMinTxRate > 4294967295) return undefined;
    out["min_tx_rate"] = memberMinTxRate;
  }
  const memberMaxTxRate = value["max_tx_rate"];
  if (memberMaxTxRate !== undefined && memberMaxTxRate !== null) {
    if (typeof memberMaxTxRate !== 'number' || !Number.isSafeInteger(memberMaxTxRate)) return undefined;
    if (memberMaxTxRate < 0) return undefined;
    if (memberMaxTxRate > 4294967295) return undefined;
    out["max_tx_rate"] = memberMaxTxRate;
  }
  const memberKeepName = value["keepName"];
  if (memberKeepName !== undefined && memberKeepName !== null) {
    if (typeof memberKeepName !== 'boolean') return undefined;
    out["keepName"] = memberKeepName;
  } else out["keepName"] = false;
  if (!takeOthers(value, plainConfigKeys)) return undefined;
  return out;
}
