// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.
import { isDeviceName, isLinkMtu, isPluginFile } from '../../lib/cni/config.ts';
import { hasBothEnds, isInOrder } from '../../lib/cni/vlan.ts';
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

const plainConfigVlanTrunkItemKeys: readonly string[] = ["id","minID","maxID"];

function plainConfigVlanTrunkItem(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberId = value["id"];
  if (memberId !== undefined && memberId !== null) {
    if (typeof memberId !== 'number' || !Number.isSafeInteger(memberId)) return undefined;
    if (memberId < 1) return undefined;
    if (memberId > 4094) return undefined;
    out["id"] = memberId;
  }
  const memberMinID = value["minID"];
  if (memberMinID !== undefined && memberMinID !== null) {
    if (typeof memberMinID !== 'number' || !Number.isSafeInteger(memberMinID)) return undefined;
    if (memberMinID < 1) return undefined;
    if (memberMinID > 4094) return undefined;
    out["minID"] = memberMinID;
  }
  const memberMaxID = value["maxID"];
  if (memberMaxID !== undefined && memberMaxID !== null) {
    if (typeof memberMaxID !== 'number' || !Number.isSafeInteger(memberMaxID)) return undefined;
    if (memberMaxID < 1) return undefined;
    if (memberMaxID > 4094) return undefined;
    out["maxID"] = memberMaxID;
  }
  if (!takeOthers(value, plainConfigVlanTrunkItemKeys)) return undefined;
  if (!hasBothEnds(out)) return undefined;
  if (!isInOrder(out)) return undefined;
  return out;
}

function plainConfigVlanTrunk(value: unknown): readonly unknown[] | undefined {
  return readEach(value, plainConfigVlanTrunkItem);
}

const plainConfigUplinkKeys: readonly string[] = ["device","migrateAddresses"];

function plainConfigUplink(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberDevice = value["device"];
  if (typeof memberDevice !== 'string') return undefined;
  if (!isDeviceName(memberDevice)) return undefined;
  out["device"] = memberDevice;
  const memberMigrateAddresses = value["migrateAddresses"];
  if (memberMigrateAddresses !== undefined && memberMigrateAddresses !== null) {
    if (typeof memberMigrateAddresses !== 'boolean') return undefined;
    out["migrateAddresses"] = memberMigrateAddresses;
  } else out["migrateAddresses"] = false;
  if (!takeOthers(value, plainConfigUplinkKeys)) return undefined;
  return out;
}

export const plainConfigKeys: readonly string[] = ["cniVersion","name","type","ipam","dns","args","runtimeConfig","prevResult","cni.dev/valid-attachments","logLevel","logFile","bridge","isGateway","isDefaultGateway","forceAddress","ipMasq","ipMasqBackend","mtu","hairpinMode","promiscMode","vlan","vlanTrunk","preserveDefaultVlan","macspoofchk","portIsolation","enabledad","disableContainerInterface","mac","hostInterfaceName","uplink"];

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
    out["bridge"] = memberBridge;
  } else out["bridge"] = "cni0";
  const memberIsGateway = value["isGateway"];
  if (memberIsGateway !== undefined && memberIsGateway !== null) {
    if (typeof memberIsGateway !== 'boolean') return undefined;
    out["isGateway"] = memberIsGateway;
  } else out["isGateway"] = false;
  const memberIsDefaultGateway = value["isDefaultGateway"];
  if (memberIsDefaultGateway !== undefined && memberIsDefaultGateway !== null) {
    if (typeof memberIsDefaultGateway !== 'boolean') return undefined;
    out["isDefaultGateway"] = memberIsDefaultGateway;
  } else out["isDefaultGateway"] = false;
  const memberForceAddress = value["forceAddress"];
  if (memberForceAddress !== undefined && memberForceAddress !== null) {
    if (typeof memberForceAddress !== 'boolean') return undefined;
    out["forceAddress"] = memberForceAddress;
  } else out["forceAddress"] = false;
  const memberIpMasq = value["ipMasq"];
  if (memberIpMasq !== undefined && memberIpMasq !== null) {
    if (typeof memberIpMasq !== 'boolean') return undefined;
    out["ipMasq"] = memberIpMasq;
  } else out["ipMasq"] = false;
  const memberIpMasqBackend = value["ipMasqBackend"];
  if (memberIpMasqBackend !== undefined && memberIpMasqBackend !== null && memberIpMasqBackend !== '') {
    if (memberIpMasqBackend !== "nftables" && memberIpMasqBackend !== "iptables") return undefined;
    out["ipMasqBackend"] = memberIpMasqBackend;
  } else out["ipMasqBackend"] = "nftables";
  const memberMtu = value["mtu"];
  if (memberMtu !== undefined && memberMtu !== null) {
    if (typeof memberMtu !== 'number' || !Number.isSafeInteger(memberMtu)) return undefined;
    if (memberMtu < 0) return undefined;
    if (memberMtu > 65535) return undefined;
    if (!isLinkMtu(memberMtu)) return undefined;
    out["mtu"] = memberMtu;
  } else out["mtu"] = 0;
  const memberHairpinMode = value["hairpinMode"];
  if (memberHairpinMode !== undefined && memberHairpinMode !== null) {
    if (typeof memberHairpinMode !== 'boolean') return undefined;
    out["hairpinMode"] = memberHairpinMode;
  } else out["hairpinMode"] = false;
  const memberPromiscMode = value["promiscMode"];
  if (memberPromiscMode !== undefined && memberPromiscMode !== null) {
    if (typeof memberPromiscMode !== 'boolean') return undefined;
    out["promiscMode"] = memberPromiscMode;
  } else out["promiscMode"] = false;
  const memberVlan = value["vlan"];
  if (memberVlan !== undefined && memberVlan !== null) {
    if (typeof memberVlan !== 'number' || !Number.isSafeInteger(memberVlan)) return undefined;
    if (memberVlan < 0) return undefined;
    if (memberVlan > 4094) return undefined;
    out["vlan"] = memberVlan;
  } else out["vlan"] = 0;
  const memberVlanTrunk = value["vlanTrunk"];
  if (memberVlanTrunk !== undefined && memberVlanTrunk !== null) {
    const memberVlanTrunkRead = plainConfigVlanTrunk(memberVlanTrunk);
    if (memberVlanTrunkRead === undefined) return undefined;
    out["vlanTrunk"] = memberVlanTrunkRead;
  } else out["vlanTrunk"] = [];
  const memberPreserveDefaultVlan = value["preserveDefaultVlan"];
  if (memberPreserveDefaultVlan !== undefined && memberPreserveDefaultVlan !== null) {
    if (typeof memberPreserveDefaultVlan !== 'boolean') return undefined;
    out["preserveDefaultVlan"] = memberPreserveDefaultVlan;
  } else out["preserveDefaultVlan"] = false;
  const memberMacspoofchk = value["macspoofchk"];
  if (memberMacspoofchk !== undefined && memberMacspoofchk !== null) {
    if (typeof memberMacspoofchk !== 'boolean') return undefined;
    out["macspoofchk"] = memberMacspoofchk;
  } else out["macspoofchk"] = false;
  const memberPortIsolation = value["portIsolation"];
  if (memberPortIsolation !== undefined && memberPortIsolation !== null) {
    if (typeof memberPortIsolation !== 'boolean') return undefined;
    out["portIsolation"] = memberPortIsolation;
  } else out["portIsolation"] = false;
  const memberEnabledad = value["enabledad"];
  if (memberEnabledad !== undefined && memberEnabledad !== null) {
    if (typeof memberEnabledad !== 'boolean') return undefined;
    out["enabledad"] = memberEnabledad;
  } else out["enabledad"] = false;
  const memberDisableContainerInterface = value["disableContainerInterface"];
  if (memberDisableContainerInterface !== undefined && memberDisableContainerInterface !== null) {
    if (typeof memberDisableContainerInterface !== 'boolean') return undefined;
    out["disableContainerInterface"] = memberDisableContainerInterface;
  } else out["disableContainerInterface"] = false;
  const memberMac = value["mac"];
  if (memberMac !== undefined && memberMac !== null && memberMac !== '') {
    if (typeof memberMac !== 'string') return undefined;
    out["mac"] = memberMac;
  }
  const memberHostInterfaceName = value["hostInterfaceName"];
  if (memberHostInterfaceName !== undefined && memberHostInterfaceName !== null && memberHostInterfaceName !== '') {
    if (typeof memberHostInterfaceName !== 'string') return undefined;
    if (!isDeviceName(memberHostInterfaceName)) return undefined;
    out["hostInterfaceName"] = memberHostInterfaceName;
  }
  const memberUplink = value["uplink"];
  if (memberUplink !== undefined && memberUplink !== null) {
    const memberUplinkRead = plainConfigUplink(memberUplink);
    if (memberUplinkRead === undefined) return undefined;
    out["uplink"] = memberUplinkRead;
  }
  if (!takeOthers(value, plainConfigKeys)) return undefined;
  return out;
}
