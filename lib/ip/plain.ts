// Made by scripts/plain.ts of the schema; "make schemas" makes it anew.
import { anything, finite, flag, list, nullable, optional, printed, such, text } from '../plain.ts';
import { isProperties } from './document.ts';

export const plainLinks = list(
  printed({
    ifindex: finite,
    ifname: text,
    flags: list(text),
    mtu: finite,
    operstate: optional(text),
    master: optional(text),
    address: optional(text),
    ifalias: optional(text),
    promiscuity: optional(finite),
    link_index: optional(finite),
    link: optional(nullable(text)),
    parentdev: optional(text),
    linkinfo: optional(
      printed({
        info_kind: optional(text),
        info_data: optional(such(anything, isProperties)),
        info_slave_kind: optional(text),
      }),
    ),
    addr_info: optional(
      list(
        printed({
          family: text,
          local: text,
          prefixlen: finite,
          scope: optional(text),
          broadcast: optional(text),
          label: optional(text),
          dynamic: optional(flag),
          tentative: optional(flag),
          dadfailed: optional(flag),
          noprefixroute: optional(flag),
          valid_life_time: optional(finite),
          preferred_life_time: optional(finite),
        }),
      ),
    ),
  }),
);
