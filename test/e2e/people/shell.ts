/** A shell at a terminal, and a person who presses keys there. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { binDir, type Node, pace } from '../../support/index.ts';
import { placeEnvironment } from '../../support/place.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

// What puts in all that the Tab key would offer is Alt-* in bash; zsh gets the same here.
const setUps = {
  bash: `PS1='> '
source <(plumbline completion bash)`,
  zsh: `PS1='> '
unsetopt prompt_sp
autoload -U compinit
compinit -D
zle -C all-matches complete-word _generic
zstyle ':completion:all-matches:*' insert true
zstyle ':completion:all-matches::::' completer _all_matches _complete
bindkey '\\e*' all-matches
source <(plumbline completion zsh)`,
};

const ALT_STAR = '\x1b*';
const TO_START = '\x01';
const TO_END = '\x05';

/**
 * What a shell makes of command lines when a key is pressed behind them.
 * @param key puts in all that is offered, unless another is given: `\t`
 * @returns for each line its words with what was put in
 */
export async function pressAt(
  node: Node,
  shell: 'bash' | 'zsh',
  lines: readonly string[],
  key = ALT_STAR,
): Promise<readonly (readonly string[])[]> {
  const home = join(node.dir, shell);
  mkdirSync(home, { recursive: true });
  const rc = join(home, shell === 'bash' ? 'rc' : '.zshrc');
  writeFileSync(rc, setUps[shell]);
  const start = shell === 'bash' ? `bash --noprofile --rcfile ${rc} -i` : 'zsh -i';
  // As wide as any line, or it would be broken.
  const terminal = ['script', '-qec', `stty cols 2000 rows 50; exec ${start}`, '/dev/null'];
  const [program = '', ...args] = [...node.enter, 'env', '-C', home, ...terminal];
  const child = spawn(program, args, {
    env: {
      ...placeEnvironment,
      PATH: `${binDir}:${placeEnvironment['PATH']}`,
      ...{ TERM: 'xterm', HOME: home, ZDOTDIR: home, HISTFILE: '' },
    },
    stdio: 'pipe',
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  const until = async (pattern: RegExp): Promise<RegExpExecArray> => {
    for (let tries = 0; tries < 500 * pace; tries += 1) {
      const found = pattern.exec(printed);
      if (found) return found;
      await sleep(20);
    }
    throw new Error(`${shell} did not print ${pattern}:\n${printed}`);
  };
  const words: (readonly string[])[] = [];
  try {
    await until(/> /);
    for (const [index, line] of lines.entries()) {
      printed = '';
      child.stdin.write(`${line}${key}${TO_START}printf '<%s>' ${TO_END}; echo " end ${index}"\r`);
      const [, said = ''] = await until(new RegExp(`^(<.*>) end ${index}\\r?$`, 'm'));
      words.push(said.slice(1, -1).split('><'));
    }
    return words;
  } finally {
    child.stdin.end('exit\r');
    const ended = once(child, 'close');
    if (child.exitCode === null) child.kill();
    await ended;
  }
}

/** What fish offers behind a command line: words, without what it says of them. */
export async function offersOfFish(
  node: Node,
  lines: readonly string[],
): Promise<readonly (readonly string[])[]> {
  const home = join(node.dir, 'fish');
  mkdirSync(home, { recursive: true });
  const script = [
    'plumbline completion fish | source',
    ...lines.map((line) => `complete -C ${JSON.stringify(line)}; echo "--- end"`),
  ].join('\n');
  const { stdout } = await node.exec(['env', '-C', home, 'fish', '--no-config', '-c', script], {
    env: { PATH: `${binDir}:${placeEnvironment['PATH']}`, HOME: home, TERM: 'xterm' },
  });
  return stdout
    .split(/--- end\n?/)
    .slice(0, -1)
    .map((text) =>
      text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.replace(/\t.*/, '')),
    );
}
