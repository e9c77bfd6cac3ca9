// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.
import { isDeviceName, isLinkMtu, isPluginFile } from '../../lib/cni/config.ts';
import { hasBothEnds, isInOrder } from '../../lib/cni/vlan.ts';
import { type Plain, isMembers, readEach, takeOthers } from '../../lib/plain.ts';
import { isNoOption } from './config.ts';

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

const plainConfigArgsCniKeys: readonly string[] = ["mac","ips","ovnPort"];

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
  const memberOvnPort = value["ovnPort"];
  if (memberOvnPort !== undefined && memberOvnPort !== null && memberOvnPort !== '') {
    if (typeof memberOvnPort !== 'string') return undefined;
    out["ovnPort"] = memberOvnPort;
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

const plainConfigRuntimeConfigBandwidthKeys: readonly string[] = ["ingressRate","ingressBurst","egressRate","egressBurst"];

function plainConfigRuntimeConfigBandwidth(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberIngressRate = value["ingressRate"];
  if (memberIngressRate !== undefined && memberIngressRate !== null) {
    if (typeof memberIngressRate !== 'number' || !Number.isSafeInteger(memberIngressRate)) return undefined;
    if (memberIngressRate < 0) return undefined;
    out["ingressRate"] = memberIngressRate;
  }
  const memberIngressBurst = value["ingressBurst"];
  if (memberIngressBurst !== undefined && memberIngressBurst !== null) {
    if (typeof memberIngressBurst !== 'number' || !Number.isSafeInteger(memberIngressBurst)) return undefined;
    if (memberIngressBurst < 0) return undefined;
    out["ingressBurst"] = memberIngressBurst;
  }
  const memberEgressRate = value["egressRate"];
  if (memberEgressRate !== undefined && memberEgressRate !== null) {
    if (typeof memberEgressRate !== 'number' || !Number.isSafeInteger(memberEgressRate)) return undefined;
    if (memberEgressRate < 0) return undefined;
    out["egressRate"] = memberEgressRate;
  }
  const memberEgressBurst = value["egressBurst"];
  if (memberEgressBurst !== undefined && memberEgressBurst !== null) {
    if (typeof memberEgressBurst !== 'number' || !Number.isSafeInteger(memberEgressBurst)) return undefined;
    if (memberEgressBurst < 0) return undefined;
    out["egressBurst"] = memberEgressBurst;
  }
  if (!takeOthers(value, plainConfigRuntimeConfigBandwidthKeys)) return undefined;
  return out;
}

const plainConfigRuntimeConfigKeys: readonly string[] = ["mac","ips","bandwidth","deviceID"];

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
  const memberBandwidth = value["bandwidth"];
  if (memberBandwidth !== undefined && memberBandwidth !== null) {
    const memberBandwidthRead = plainConfigRuntimeConfigBandwidth(memberBandwidth);
    if (memberBandwidthRead === undefined) return undefined;
    out["bandwidth"] = memberBandwidthRead;
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

const plainConfigTrunkItemKeys: readonly string[] = ["id","minID","maxID"];

function plainConfigTrunkItem(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberId = value["id"];
  if (memberId !== undefined && memberId !== null) {
    if (typeof memberId !== 'number' || !Number.isSafeInteger(memberId)) return undefined;
    if (memberId < 0) return undefined;
    if (memberId > 4094) return undefined;
    out["id"] = memberId;
  }
  const memberMinID = value["minID"];
  if (memberMinID !== undefined && memberMinID !== null) {
    if (typeof memberMinID !== 'number' || !Number.isSafeInteger(memberMinID)) return undefined;
    if (memberMinID < 0) return undefined;
    if (memberMinID > 4094) return undefined;
    out["minID"] = memberMinID;
  }
  const memberMaxID = value["maxID"];
  if (memberMaxID !== undefined && memberMaxID !== null) {
    if (typeof memberMaxID !== 'number' || !Number.isSafeInteger(memberMaxID)) return undefined;
    if (memberMaxID < 0) return undefined;
    if (memberMaxID > 4094) return undefined;
    out["maxID"] = memberMaxID;
  }
  if (!takeOthers(value, plainConfigTrunkItemKeys)) return undefined;
  if (!hasBothEnds(out)) return undefined;
  if (!isInOrder(out)) return undefined;
  return out;
}

function plainConfigTrunk(value: unknown): readonly unknown[] | undefined {
  return readEach(value, plainConfigTrunkItem);
}

export const plainConfigKeys: readonly string[] = ["cniVersion","name","type","ipam","dns","args","runtimeConfig","prevResult","cni.dev/valid-attachments","logLevel","logFile","bridge","portType","vlan","vlanMode","trunk","mtu","mac","ofport_request","interface_type","deviceID","createBridge","externalIds","ingressPolicingRate","ingressPolicingBurst","socket_file","link_state_check_retries","link_state_check_interval","configuration_path"];

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
  const memberBridge = value["bridge"];
  if (memberBridge !== undefined && memberBridge !== null && memberBridge !== '') {
    if (typeof memberBridge !== 'string') return undefined;
    if (!isDeviceName(memberBridge)) return undefined;
    if (!isNoOption(memberBridge)) return undefined;
    out["bridge"] = memberBridge;
  }
  const memberPortType = value["portType"];
  if (memberPortType !== undefined && memberPortType !== null && memberPortType !== '') {
    if (memberPortType !== "veth" && memberPortType !== "internal") return undefined;
    out["portType"] = memberPortType;
  }
  const memberVlan = value["vlan"];
  if (memberVlan !== undefined && memberVlan !== null) {
    if (typeof memberVlan !== 'number' || !Number.isSafeInteger(memberVlan)) return undefined;
    if (memberVlan < 0) return undefined;
    if (memberVlan > 4094) return undefined;
    out["vlan"] = memberVlan;
  }
  const memberVlanMode = value["vlanMode"];
  if (memberVlanMode !== undefined && memberVlanMode !== null && memberVlanMode !== '') {
    if (memberVlanMode !== "access" && memberVlanMode !== "trunk" && memberVlanMode !== "native-tagged" && memberVlanMode !== "native-untagged") return undefined;
    out["vlanMode"] = memberVlanMode;
  }
  const memberTrunk = value["trunk"];
  if (memberTrunk !== undefined && memberTrunk !== null) {
    const memberTrunkRead = plainConfigTrunk(memberTrunk);
    if (memberTrunkRead === undefined) return undefined;
    out["trunk"] = memberTrunkRead;
  }
  const memberMtu = value["mtu"];
  if (memberMtu !== undefined && memberMtu !== null) {
    if (typeof memberMtu !== 'number' || !Number.isSafeInteger(memberMtu)) return undefined;
    if (memberMtu < 0) return undefined;
    if (memberMtu > 65535) return undefined;
    if (!isLinkMtu(memberMtu)) return undefined;
    out["mtu"] = memberMtu;
  }
  const memberMac = value["mac"];
  if (memberMac !== undefined && memberMac !== null && memberMac !== '') {
    if (typeof memberMac !== 'string') return undefined;
    out["mac"] = memberMac;
  }
  const memberOfportRequest = value["ofport_request"];
  if (memberOfportRequest !== undefined && memberOfportRequest !== null) {
    if (typeof memberOfportRequest !== 'number' || !Number.isSafeInteger(memberOfportRequest)) return undefined;
    if (memberOfportRequest < 0) return undefined;
    if (memberOfportRequest > 65279) return undefined;
    out["ofport_request"] = memberOfportRequest;
  }
  const memberInterfaceType = value["interface_type"];
  if (memberInterfaceType !== undefined && memberInterfaceType !== null && memberInterfaceType !== '') {
    if (typeof memberInterfaceType !== 'string') return undefined;
    if (!/^[A-Za-z0-9_-]{0,64}$/.test(memberInterfaceType)) return undefined;
    out["interface_type"] = memberInterfaceType;
  }
  const memberDeviceID = value["deviceID"];
  if (memberDeviceID !== undefined && memberDeviceID !== null && memberDeviceID !== '') {
    if (typeof memberDeviceID !== 'string') return undefined;
    out["deviceID"] = memberDeviceID;
  }
  const memberCreateBridge = value["createBridge"];
  if (memberCreateBridge !== undefined && memberCreateBridge !== null) {
    if (typeof memberCreateBridge !== 'boolean') return undefined;
    out["createBridge"] = memberCreateBridge;
  }
  const memberExternalIds = value["externalIds"];
  if (memberExternalIds !== undefined && memberExternalIds !== null) {
    return undefined;
    out["externalIds"] = memberExternalIds;
  }
  const memberIngressPolicingRate = value["ingressPolicingRate"];
  if (memberIngressPolicingRate !== undefined && memberIngressPolicingRate !== null) {
    if (typeof memberIngressPolicingRate !== 'number' || !Number.isSafeInteger(memberIngressPolicingRate)) return undefined;
    if (memberIngressPolicingRate < 0) return undefined;
    if (memberIngressPolicingRate > 4294967295) return undefined;
    out["ingressPolicingRate"] = memberIngressPolicingRate;
  }
  const memberIngressPolicingBurst = value["ingressPolicingBurst"];
  if (memberIngressPolicingBurst !== undefined && memberIngressPolicingBurst !== null) {
    if (typeof memberIngressPolicingBurst !== 'number' || !Number.isSafeInteger(memberIngressPolicingBurst)) return undefined;
    if (memberIngressPolicingBurst < 0) return undefined;
    if (memberIngressPolicingBurst > 4294967295) return undefined;
    out["ingressPolicingBurst"] = memberIngressPolicingBurst;
  }
  const memberSocketFile = value["socket_file"];
  if (memberSocketFile !== undefined && memberSocketFile !== null && memberSocketFile !== '') {
    if (typeof memberSocketFile !== 'string') return undefined;
    out["socket_file"] = memberSocketFile;
  }
  const memberLinkStateCheckRetries = value["link_state_check_retries"];
  if (memberLinkStateCheckRetries !== undefined && memberLinkStateCheckRetries !== null) {
    if (typeof memberLinkStateCheckRetries !== 'number' || !Number.isSafeInteger(memberLinkStateCheckRetries)) return undefined;
    if (memberLinkStateCheckRetries < 0) return undefined;
    if (memberLinkStateCheckRetries > 1000) return undefined;
    out["link_state_check_retries"] = memberLinkStateCheckRetries;
  }
  const memberLinkStateCheckInterval = value["link_state_check_interval"];
  if (memberLinkStateCheckInterval !== undefined && memberLinkStateCheckInterval !== null) {
    if (typeof memberLinkStateCheckInterval !== 'number' || !Number.isSafeInteger(memberLinkStateCheckInterval)) return undefined;
    if (memberLinkStateCheckInterval < 0) return undefined;
    if (memberLinkStateCheckInterval > 60000) return undefined;
    out["link_state_check_interval"] = memberLinkStateCheckInterval;
  }
  const memberConfigurationPath = value["configuration_path"];
  if (memberConfigurationPath !== undefined && memberConfigurationPath !== null && memberConfigurationPath !== '') {
    if (typeof memberConfigurationPath !== 'string') return undefined;
    out["configuration_path"] = memberConfigurationPath;
  }
  if (!takeOthers(value, plainConfigKeys)) return undefined;
  return out;
}

export const plainFieldsKeys: readonly string[] = ["bridge","portType","vlan","vlanMode","trunk","mtu","mac","ofport_request","interface_type","deviceID","createBridge","externalIds","ingressPolicingRate","ingressPolicingBurst","socket_file","link_state_check_retries","link_state_check_interval"];

export function plainFields(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberBridge = value["bridge"];
  if (memberBridge !== undefined && memberBridge !== null && memberBridge !== '') {
    if (typeof memberBridge !== 'string') return undefined;
    if (!isDeviceName(memberBridge)) return undefined;
    if (!isNoOption(memberBridge)) return undefined;
    out["bridge"] = memberBridge;
  }
  const memberPortType = value["portType"];
  if (memberPortType !== undefined && memberPortType !== null && memberPortType !== '') {
    if (memberPortType !== "veth" && memberPortType !== "internal") return undefined;
    out["portType"] = memberPortType;
  }
  const memberVlan = value["vlan"];
  if (memberVlan !== undefined && memberVlan !== null) {
    if (typeof memberVlan !== 'number' || !Number.isSafeInteger(memberVlan)) return undefined;
    if (memberVlan < 0) return undefined;
    if (memberVlan > 4094) return undefined;
    out["vlan"] = memberVlan;
  }
  const memberVlanMode = value["vlanMode"];
  if (memberVlanMode !== undefined && memberVlanMode !== null && memberVlanMode !== '') {
    if (memberVlanMode !== "access" && memberVlanMode !== "trunk" && memberVlanMode !== "native-tagged" && memberVlanMode !== "native-untagged") return undefined;
    out["vlanMode"] = memberVlanMode;
  }
  const memberTrunk = value["trunk"];
  if (memberTrunk !== undefined && memberTrunk !== null) {
    const memberTrunkRead = plainConfigTrunk(memberTrunk);
    if (memberTrunkRead === undefined) return undefined;
    out["trunk"] = memberTrunkRead;
  }
  const memberMtu = value["mtu"];
  if (memberMtu !== undefined && memberMtu !== null) {
    if (typeof memberMtu !== 'number' || !Number.isSafeInteger(memberMtu)) return undefined;
    if (memberMtu < 0) return undefined;
    if (memberMtu > 65535) return undefined;
    if (!isLinkMtu(memberMtu)) return undefined;
    out["mtu"] = memberMtu;
  }
  const memberMac = value["mac"];
  if (memberMac !== undefined && memberMac !== null && memberMac !== '') {
    if (typeof memberMac !== 'string') return undefined;
    out["mac"] = memberMac;
  }
  const memberOfportRequest = value["ofport_request"];
  if (memberOfportRequest !== undefined && memberOfportRequest !== null) {
    if (typeof memberOfportRequest !== 'number' || !Number.isSafeInteger(memberOfportRequest)) return undefined;
    if (memberOfportRequest < 0) return undefined;
    if (memberOfportRequest > 65279) return undefined;
    out["ofport_request"] = memberOfportRequest;
  }
  const memberInterfaceType = value["interface_type"];
  if (memberInterfaceType !== undefined && memberInterfaceType !== null && memberInterfaceType !== '') {
    if (typeof memberInterfaceType !== 'string') return undefined;
    if (!/^[A-Za-z0-9_-]{0,64}$/.test(memberInterfaceType)) return undefined;
    out["interface_type"] = memberInterfaceType;
  }
  const memberDeviceID = value["deviceID"];
  if (memberDeviceID !== undefined && memberDeviceID !== null && memberDeviceID !== '') {
    if (typeof memberDeviceID !== 'string') return undefined;
    out["deviceID"] = memberDeviceID;
  }
  const memberCreateBridge = value["createBridge"];
  if (memberCreateBridge !== undefined && memberCreateBridge !== null) {
    if (typeof memberCreateBridge !== 'boolean') return undefined;
    out["createBridge"] = memberCreateBridge;
  }
  const memberExternalIds = value["externalIds"];
  if (memberExternalIds !== undefined && memberExternalIds !== null) {
    return undefined;
    out["externalIds"] = memberExternalIds;
  }
  const memberIngressPolicingRate = value["ingressPolicingRate"];
  if (memberIngressPolicingRate !== undefined && memberIngressPolicingRate !== null) {
    if (typeof memberIngressPolicingRate !== 'number' || !Number.isSafeInteger(memberIngressPolicingRate)) return undefined;
    if (memberIngressPolicingRate < 0) return undefined;
    if (memberIngressPolicingRate > 4294967295) return undefined;
    out["ingressPolicingRate"] = memberIngressPolicingRate;
  }
  const memberIngressPolicingBurst = value["ingressPolicingBurst"];
  if (memberIngressPolicingBurst !== undefined && memberIngressPolicingBurst !== null) {
    if (typeof memberIngressPolicingBurst !== 'number' || !Number.isSafeInteger(memberIngressPolicingBurst)) return undefined;
    if (memberIngressPolicingBurst < 0) return undefined;
    if (memberIngressPolicingBurst > 4294967295) return undefined;
    out["ingressPolicingBurst"] = memberIngressPolicingBurst;
  }
  const memberSocketFile = value["socket_file"];
  if (memberSocketFile !== undefined && memberSocketFile !== null && memberSocketFile !== '') {
    if (typeof memberSocketFile !== 'string') return undefined;
    out["socket_file"] = memberSocketFile;
  }
  const memberLinkStateCheckRetries = value["link_state_check_retries"];
  if (memberLinkStateCheckRetries !== undefined && memberLinkStateCheckRetries !== null) {
    if (typeof memberLinkStateCheckRetries !== 'number' || !Number.isSafeInteger(memberLinkStateCheckRetries)) return undefined;
    if (memberLinkStateCheckRetries < 0) return undefined;
    if (memberLinkStateCheckRetries > 1000) return undefined;
    out["link_state_check_retries"] = memberLinkStateCheckRetries;
  }
  const memberLinkStateCheckInterval = value["link_state_check_interval"];
  if (memberLinkStateCheckInterval !== undefined && memberLinkStateCheckInterval !== null) {
    if (typeof memberLinkStateCheckInterval !== 'number' || !Number.isSafeInteger(memberLinkStateCheckInterval)) return undefined;
    if (memberLinkStateCheckInterval < 0) return undefined;
    if (memberLinkStateCheckInterval > 60000) return undefined;
    out["link_state_check_interval"] = memberLinkStateCheckInterval;
  }
  if (!takeOthers(value, plainFieldsKeys)) return undefined;
  return out;
}
