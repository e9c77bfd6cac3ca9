import { attachCommand } from './attach.ts';
import { attachmentsCommand } from './attachments.ts';
import type { Command } from './command.ts';
import { completeCommand, completionCommand } from './completion.ts';
import { detachCommand } from './detach.ts';
import { doctorCommand } from './doctor.ts';
import { explainCommand } from './explain-command.ts';
import { helpCommand } from './help-command.ts';
import { installCommand, uninstallCommand } from './install-command.ts';
import { lintCommand } from './lint.ts';
import { netconfCommand } from './netconf.ts';
import { releaseUplinkCommand } from './release-uplink.ts';
import { topologyCommand } from './topology.ts';
import { vfsCommand } from './vfs.ts';

/** All commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  attachCommand,
  detachCommand,
  attachmentsCommand,
  topologyCommand,
  explainCommand,
  lintCommand,
  doctorCommand,
  installCommand,
  uninstallCommand,
  netconfCommand,
  releaseUplinkCommand,
  vfsCommand,
  completionCommand,
  completeCommand(() => COMMANDS),
  helpCommand(() => COMMANDS),
];
