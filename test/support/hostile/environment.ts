/** Hostile environments. */
import * as fc from 'fast-check';
import {
  allCommands,
  anyCommand,
  anyPlugin,
  BIN,
  type HostileCall,
  isAttachment,
  ordinary,
  withConfig,
} from './call.ts';
import { badName, evilButNul, evilText, oddName } from './text.ts';

const shown = (text: string): string => JSON.stringify(text).slice(0, 100);

/** A call with an ordinary config and another environment. */
function withEnv(
  command: string,
  env: HostileCall['env'],
  expected: number,
  plugin: HostileCall['plugin'] = 'veth-bridge',
): HostileCall {
  const [[name, value] = []] = Object.entries(env);
  return withConfig(plugin, command, ordinary(plugin, command), {
    what: `${name}=${shown(value ?? 'missing')}`,
    env,
    expected,
  });
}

const evilCommand = fc
  .oneof(evilText, fc.constantFrom('add', 'Del', 'ADD ', 'PLUG', '__proto__', 'constructor', '0'))
  .map((text) => withEnv('ADD', { CNI_COMMAND: text }, 4));

/** A subset of what is needed is missing. */
const missing = fc
  .tuple(
    anyCommand,
    fc.subarray(['CNI_PATH', 'CNI_CONTAINERID', 'CNI_IFNAME', 'CNI_NETNS'], { minLength: 1 }),
    fc.constantFrom(undefined, ''),
  )
  .map(([command, names, value]) => {
    const needed = [
      'CNI_PATH',
      ...(isAttachment(command) ? ['CNI_CONTAINERID', 'CNI_IFNAME'] : []),
      ...(['ADD', 'CHECK'].includes(command) ? ['CNI_NETNS'] : []),
    ];
    const env = Object.fromEntries(names.map((name) => [name, value]));
    return withEnv(command, env, names.some((name) => needed.includes(name)) ? 4 : 0);
  });

const evilContainerId = fc
  .tuple(anyCommand, anyPlugin, evilText)
  .map(([command, plugin, text]) =>
    withEnv(command, { CNI_CONTAINERID: text }, isAttachment(command) ? 4 : 0, plugin),
  );

const evilIfname = fc
  .tuple(anyCommand, anyPlugin, badName)
  .map(([command, plugin, text]) =>
    withEnv(command, { CNI_IFNAME: text }, isAttachment(command) ? 4 : 0, plugin),
  );

/** Odd, but a name: it goes all the way, through batches, settings, labels and files. */
const oddIfname = fc.tuple(anyCommand, oddName).map(([command, text]) => {
  const call = withEnv(command, { CNI_IFNAME: text }, 0);
  return { ...call, ...(call.after && { after: { CNI_IFNAME: text } }) };
});

const evilNetns = fc
  .tuple(
    anyCommand,
    anyPlugin,
    fc.oneof(
      evilText,
      fc.constantFrom('/etc/passwd', '/dev/zero', '/proc/self/ns/pid', '/run/netns/../../dev/null', '.'),
    ),
  )
  .map(([command, plugin, text]) =>
    withEnv(
      command,
      { CNI_NETNS: text },
      plugin === 'veth-bridge' && ['ADD', 'CHECK'].includes(command) ? 8 : 0,
      plugin,
    ),
  );

/** The plugin's own namespace, by any path and with any odd override. */
const ownNetns = fc
  .tuple(
    anyCommand,
    anyPlugin,
    fc.constantFrom('/proc/self/ns/net', '/proc/thread-self/ns/net', '//proc/../proc/self/./ns/net'),
    evilText,
  )
  .map(([command, plugin, path, override]) =>
    withEnv(
      command,
      { CNI_NETNS: path, CNI_NETNS_OVERRIDE: override },
      isAttachment(command) ? 8 : 0,
      plugin,
    ),
  );

const evilArgs = fc
  .tuple(
    anyCommand,
    anyPlugin,
    fc.oneof(
      evilText.map((text) => text.replaceAll('=', '')),
      evilText.map((text) => `${text.replaceAll(/[=;]/g, '')}=1`),
      evilText.map((text) => `X=1;IgnoreUnknown=${text.replaceAll(/[=;]/g, '')}`),
      fc.constantFrom('a=b=c', '=', '==', ';;', '__proto__=1', 'constructor=1', 'IP=1;', 'IgnoreUnknown=yes'),
    ),
  )
  .map(([command, plugin, args]) => withEnv(command, { CNI_ARGS: args }, 4, plugin));

/** Unknown keys that are to be ignored, and known ones that say nothing sensible. */
const ignoredArgs = fc.tuple(anyCommand, evilText).map(([command, text]) =>
  withEnv(
    command,
    {
      CNI_ARGS: `IgnoreUnknown=1;K8S_POD_NAME=${text.replaceAll(/[=;]/g, '')};x=${text.replaceAll(/[=;]/g, '')}`,
    },
    0,
  ),
);

const evilMacArgs = fc.tuple(anyCommand, evilText).map(([command, text]) => {
  const isRead = command !== 'DEL' && command !== 'GC';
  return withEnv(
    command,
    { CNI_ARGS: `IgnoreUnknown=true;MAC=!${text.replaceAll(/[=;]/g, '')}` },
    isRead ? 4 : 0,
  );
});

const evilIpArgs = fc
  .tuple(anyCommand, evilText)
  .map(([command, text]) =>
    withEnv(
      command,
      { CNI_ARGS: `IP=!${text.replaceAll(/[=;]/g, '')}` },
      command === 'ADD' ? 4 : 0,
      'host-local',
    ),
  );

/** Nothing is found in such a path, so the IPAM plugin is missing. */
const evilPath = fc
  .tuple(
    anyCommand,
    fc.oneof(
      evilText,
      fc.constantFrom('::', '/dev/null', '/proc/self/fd', 'a\0b', '/nowhere:/'.repeat(5_000)),
    ),
  )
  .map(([command, text]) =>
    withEnv(command, { CNI_PATH: `/nowhere-at-all:${text}` }, command === 'CHECK' ? 104 : 7),
  );

/** The plugins are found behind whatever stands before them. */
const oddPath = fc
  .tuple(anyCommand, evilButNul)
  .map(([command, text]) =>
    withEnv(command, { CNI_PATH: `/dev/null:${text.replaceAll(':', '')}::${BIN}` }, 0),
  );

/** Variables that steer other programs, or no program at all. */
const strangers = fc
  .tuple(
    anyCommand,
    fc.constantFrom(
      'NODE_OPTIONS',
      'LD_PRELOAD',
      'PATH',
      'IFS',
      'BASH_ENV',
      'CNI_IFNAME_',
      'cni_command',
      '__proto__',
      'CNI_NETNS_OVERRIDE',
    ),
    evilText,
  )
  .map(([command, name, text]) => withEnv(command, { [name]: text }, 0));

export const evilEnvironment: fc.Arbitrary<HostileCall> = fc.oneof(
  evilCommand,
  missing,
  evilContainerId,
  evilIfname,
  oddIfname,
  evilNetns,
  ownNetns,
  evilArgs,
  ignoredArgs,
  evilMacArgs,
  evilIpArgs,
  evilPath,
  oddPath,
  strangers,
);

/** stdin is not looked at where the environment is wrong, and the other way round nothing is done either. */
export const bothEvil: fc.Arbitrary<HostileCall> = fc
  .tuple(fc.constantFrom(...allCommands.filter(isAttachment)), badName, evilText)
  .map(([command, name, stdin]) => ({
    what: 'environment and config',
    command,
    plugin: 'veth-bridge',
    stdin,
    env: { CNI_IFNAME: name },
    expected: 4,
  }));
