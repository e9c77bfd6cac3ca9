// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.
import { type Plain, isMembers, readEach } from '../plain.ts';
import { isProperties } from './document.ts';

function plainLinksItemLinkinfo(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberInfoKind = value["info_kind"];
  if (memberInfoKind !== undefined) {
    if (typeof memberInfoKind !== 'string') return undefined;
    out["info_kind"] = memberInfoKind;
  }
  const memberInfoData = value["info_data"];
  if (memberInfoData !== undefined) {
    if (!isProperties(memberInfoData)) return undefined;
    out["info_data"] = memberInfoData;
  }
  const memberInfoSlaveKind = value["info_slave_kind"];
  if (memberInfoSlaveKind !== undefined) {
    if (typeof memberInfoSlaveKind !== 'string') return undefined;
    out["info_slave_kind"] = memberInfoSlaveKind;
  }
  return out;
}

function plainLinksItemAddrInfoItem(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberFamily = value["family"];
  if (typeof memberFamily !== 'string') return undefined;
  out["family"] = memberFamily;
  const memberLocal = value["local"];
  if (typeof memberLocal !== 'string') return undefined;
  out["local"] = memberLocal;
  const memberPrefixlen = value["prefixlen"];
  if (typeof memberPrefixlen !== 'number' || !Number.isFinite(memberPrefixlen)) return undefined;
  out["prefixlen"] = memberPrefixlen;
  const memberScope = value["scope"];
  if (memberScope !== undefined) {
    if (typeof memberScope !== 'string') return undefined;
    out["scope"] = memberScope;
  }
  const memberBroadcast = value["broadcast"];
  if (memberBroadcast !== undefined) {
    if (typeof memberBroadcast !== 'string') return undefined;
    out["broadcast"] = memberBroadcast;
  }
  const memberLabel = value["label"];
  if (memberLabel !== undefined) {
    if (typeof memberLabel !== 'string') return undefined;
    out["label"] = memberLabel;
  }
  const memberDynamic = value["dynamic"];
  if (memberDynamic !== undefined) {
    if (typeof memberDynamic !== 'boolean') return undefined;
    out["dynamic"] = memberDynamic;
  }
  const memberTentative = value["tentative"];
  if (memberTentative !== undefined) {
    if (typeof memberTentative !== 'boolean') return undefined;
    out["tentative"] = memberTentative;
  }
  const memberDadfailed = value["dadfailed"];
  if (memberDadfailed !== undefined) {
    if (typeof memberDadfailed !== 'boolean') return undefined;
    out["dadfailed"] = memberDadfailed;
  }
  const memberNoprefixroute = value["noprefixroute"];
  if (memberNoprefixroute !== undefined) {
    if (typeof memberNoprefixroute !== 'boolean') return undefined;
    out["noprefixroute"] = memberNoprefixroute;
  }
  const memberValidLifeTime = value["valid_life_time"];
  if (memberValidLifeTime !== undefined) {
    if (typeof memberValidLifeTime !== 'number' || !Number.isFinite(memberValidLifeTime)) return undefined;
    out["valid_life_time"] = memberValidLifeTime;
  }
  const memberPreferredLifeTime = value["preferred_life_time"];
  if (memberPreferredLifeTime !== undefined) {
    if (typeof memberPreferredLifeTime !== 'number' || !Number.isFinite(memberPreferredLifeTime)) return undefined;
    out["preferred_life_time"] = memberPreferredLifeTime;
  }
  return out;
}

function plainLinksItemAddrInfo(value: unknown): readonly unknown[] | undefined {
  return readEach(value, plainLinksItemAddrInfoItem);
}

function plainLinksItem(value: unknown): Plain | undefined {
  if (!isMembers(value)) return undefined;
  const out: Plain = {};
  const memberIfindex = value["ifindex"];
  if (typeof memberIfindex !== 'number' || !Number.isFinite(memberIfindex)) return undefined;
  out["ifindex"] = memberIfindex;
  const memberIfname = value["ifname"];
  if (typeof memberIfname !== 'string') return undefined;
  out["ifname"] = memberIfname;
  const memberFlags = value["flags"];
  if (!Array.isArray(memberFlags)) return undefined;
  for (const item of memberFlags) {
    if (typeof item !== 'string') return undefined;
  }
  out["flags"] = memberFlags;
  const memberMtu = value["mtu"];
  if (typeof memberMtu !== 'number' || !Number.isFinite(memberMtu)) return undefined;
  out["mtu"] = memberMtu;
  const memberOperstate = value["operstate"];
  if (memberOperstate !== undefined) {
    if (typeof memberOperstate !== 'string') return undefined;
    out["operstate"] = memberOperstate;
  }
  const memberMaster = value["master"];
  if (memberMaster !== undefined) {
    if (typeof memberMaster !== 'string') return undefined;
    out["master"] = memberMaster;
  }
  const memberAddress = value["address"];
  if (memberAddress !== undefined) {
    if (typeof memberAddress !== 'string') return undefined;
    out["address"] = memberAddress;
  }
  const memberIfalias = value["ifalias"];
  if (memberIfalias !== undefined) {
    if (typeof memberIfalias !== 'string') return undefined;
    out["ifalias"] = memberIfalias;
  }
  const memberPromiscuity = value["promiscuity"];
  if (memberPromiscuity !== undefined) {
    if (typeof memberPromiscuity !== 'number' || !Number.isFinite(memberPromiscuity)) return undefined;
    out["promiscuity"] = memberPromiscuity;
  }
  const memberLinkIndex = value["link_index"];
  if (memberLinkIndex !== undefined) {
    if (typeof memberLinkIndex !== 'number' || !Number.isFinite(memberLinkIndex)) return undefined;
    out["link_index"] = memberLinkIndex;
  }
  const memberLink = value["link"];
  if (memberLink !== undefined) {
    if (memberLink !== null) {
      if (typeof memberLink !== 'string') return undefined;
    }
    out["link"] = memberLink;
  }
  const memberParentdev = value["parentdev"];
  if (memberParentdev !== undefined) {
    if (typeof memberParentdev !== 'string') return undefined;
    out["parentdev"] = memberParentdev;
  }
  const memberLinkinfo = value["linkinfo"];
  if (memberLinkinfo !== undefined) {
    const memberLinkinfoRead = plainLinksItemLinkinfo(memberLinkinfo);
    if (memberLinkinfoRead === undefined) return undefined;
    out["linkinfo"] = memberLinkinfoRead;
  }
  const memberAddrInfo = value["addr_info"];
  if (memberAddrInfo !== undefined) {
    const memberAddrInfoRead = plainLinksItemAddrInfo(memberAddrInfo);
    if (memberAddrInfoRead === undefined) return undefined;
    out["addr_info"] = memberAddrInfoRead;
  }
  return out;
}

export function plainLinks(value: unknown): readonly unknown[] | undefined {
  return readEach(value, plainLinksItem);
}
