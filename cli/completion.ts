import { type Command, defineCommand } from './command.ts';

export const completionCommand = defineCommand({
  name: 'completion',
  summary: 'print what bash, zsh or fish need to complete commands',
  examples: [
    { line: 'source <(plumbline completion bash)', about: 'in ~/.bashrc, or zsh in ~/.zshrc' },
    { line: 'plumbline completion fish | source', about: 'in ~/.config/fish/config.fish' },
  ],
  about: `Prints a script for the shell. With it, the Tab key completes commands, options and their values: networks of
net.d, interfaces, bridges, network namespaces, containers, plugins, files and folders.`,
  details: `In ~/.zshrc its line follows compinit. "make install-completion" puts the scripts into the folders where the shells
look for those of all users. The script asks plumbline itself at each Tab: it does not age, and what it offers is what is
there.`,
  arguments: { SHELL: { about: 'the shell', choices: ['bash', 'zsh', 'fish'] } },
  async run({ args }, io) {
    const { SCRIPTS } = await import('./completion/scripts.ts');
    io.stdout.write(SCRIPTS[args.SHELL]);
    return 0;
  },
});

/**
 * What the scripts ask: `plumbline complete -- WORD...`, the last word being the one that is to be completed.
 * @param all the commands
 */
export function completeCommand(all: () => readonly Command[]): Command {
  return defineCommand({
    name: 'complete',
    summary: 'what may follow, for the scripts of the shells',
    hidden: true,
    examples: [{ line: "plumbline complete -- install ''", about: 'what may follow plumbline install' }],
    about: `Prints what the last WORD may become, for the scripts of "plumbline completion". The first line is "files",
"folders" or "none": which paths may stand there, too. A line each follows: a word, and after a tab what it is.`,
    arguments: { WORD: { about: 'what was typed after plumbline', optional: true, repeated: true } },
    async run({ args }, io) {
      const [{ complete }, { valuesOn }, { realHost }] = await Promise.all([
        import('./completion/complete.ts'),
        import('./completion/values.ts'),
        import('../lib/ip/real-host.ts'),
      ]);
      const { paths, offers } = await complete(all(), args.WORD, valuesOn(realHost(process.env['PATH'])));
      const lines = offers.map(({ word, about }) => (about === undefined ? word : `${word}\t${about}`));
      for (const line of [paths, ...lines]) io.stdout.write(`${line}\n`);
      return 0;
    },
  });
}
