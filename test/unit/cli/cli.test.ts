import { expect, test } from 'vitest';
import { runCli } from '../../../cli/index.ts';

async function run(...argv: readonly string[]) {
  let stdout = '';
  let stderr = '';
  const code = await runCli(argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return { code, stdout, stderr };
}

test.each([['--version'], ['-V']])('%s tells the version', async (option) => {
  expect(await run(option)).toEqual({ code: 0, stdout: 'plumbline from-source\n', stderr: '' });
});

test.each([['--help'], ['-h'], ['help']])('%s lists the commands', async (option) => {
  const { code, stdout, stderr } = await run(option);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^Usage: plumbline <command>/);
  expect(stdout).toMatch(/^ {2}install {2,}\S/m);
  expect(stdout).toMatch(/^ {2}uninstall {2,}\S/m);
});

test.each([[['install', '--help']], [['install', '--bin-dir', '/nowhere', '-h']], [['help', 'install']]])(
  '%j tells about the command, and runs nothing',
  async (argv) => {
    const { code, stdout, stderr } = await run(...argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: plumbline install --bin-dir DIR/);
  },
);

test('no command is a question that the help answers', async () => {
  const { code, stdout, stderr } = await run();
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(/^Usage: plumbline <command>/);
});

test.each([
  [['instal'], 'there is no command "instal"', 'plumbline --help'],
  [['help', 'instal'], 'there is no command "instal"', 'plumbline --help'],
  [['--vresion'], 'there is no option --vresion', 'plumbline --help'],
  [['install'], 'install: --bin-dir DIR is missing', 'plumbline install --help'],
  [['install', '--bin-dir='], 'install: --bin-dir DIR is missing', 'plumbline install --help'],
  [
    ['install', '--bin-dir'],
    "install: Option '--bin-dir <value>' argument missing",
    'plumbline install --help',
  ],
  [['install', '--fore'], "install: Unknown option '--fore'", 'plumbline install --help'],
  [['install', '/opt/cni/bin'], "install: Unexpected argument '/opt/cni/bin'.*", 'plumbline install --help'],
  [['uninstall', '--force'], "uninstall: Unknown option '--force'", 'plumbline uninstall --help'],
])('%j makes no sense', async (argv, message, hint) => {
  const { code, stdout, stderr } = await run(...argv);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toMatch(new RegExp(`^plumbline: ${message}\nTry '${hint}'\\.\n$`));
});

test('what runs from the sources cannot be installed: Node is not plumbline', async () => {
  const { code, stdout, stderr } = await run('install', '--bin-dir', '/nowhere/bin');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe(
    'plumbline: install: this is no built executable: run `make build`, then dist/bin/plumbline install\n',
  );
});
