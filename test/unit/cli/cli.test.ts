import { expect, test } from 'vitest';
import { COMMANDS } from '../../../cli/commands.ts';
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

test.each([['--help'], ['-h'], ['help']])('%s lists the commands, after examples', async (option) => {
  const { code, stdout, stderr } = await run(option);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^Examples:\n {2}plumbline attach \S.* {2,}\S/);
  expect(stdout).toMatch(/\nUsage: plumbline COMMAND/);
  for (const { name, summary } of COMMANDS.filter(({ hidden }) => !hidden)) {
    expect(stdout).toMatch(new RegExp(`^ {2}${name} {2,}${RegExp.escape(summary)}$`, 'm'));
  }
});

test.each([[['install', '--help']], [['install', '--bin-dir', '/nowhere', '-h']], [['help', 'install']]])(
  '%j tells about the command, and runs nothing',
  async (argv) => {
    const { code, stdout, stderr } = await run(...argv);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Examples:\n(?: {2}# .*\n)? {2}plumbline install /);
    expect(stdout).toMatch(/^Usage: plumbline install --bin-dir DIR \[--as-bridge\] \[--force\]$/m);
    expect(stdout).toMatch(/^ {2}--bin-dir DIR {2,}the folder/m);
  },
);

test('help COMMAND tells the details, which --help leaves out', async () => {
  const long = (await run('help', 'install')).stdout;
  const short = (await run('install', '--help')).stdout;
  expect(long.startsWith(short)).toBe(true);
  expect(long).toMatch(/put in place by rename/);
});

test.each(['', ...COMMANDS.map(({ name }) => name)])('--help fits a screen: plumbline %s', async (name) => {
  const { code, stdout } = await run(...name.split(' ').filter((word) => word !== ''), '--help');
  const lines = stdout.trimEnd().split('\n');
  expect(code).toBe(0);
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines.length, stdout).toBeLessThanOrEqual(24);
});

test('all that a definition names is in its help', async () => {
  for (const { name, options, arguments: args, details = '', about } of COMMANDS) {
    const { stdout } = await run('help', name);
    for (const option of Object.keys(options)) expect(stdout).toMatch(new RegExp(`^ .*--${option}\\b`, 'm'));
    for (const arg of Object.keys(args)) expect(stdout).toMatch(new RegExp(`^ {2}${arg} {2,}\\S`, 'm'));
    const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');
    expect(words(stdout).join(' ')).toContain(words(about).join(' '));
    expect(words(stdout).join(' ')).toContain(words(details).join(' '));
  }
});

test('no command is a question that the help answers', async () => {
  const { code, stdout, stderr } = await run();
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toBe((await run('--help')).stdout);
});

test.each([
  [['instal'], 'there is no command "instal" (did you mean install?)', 'plumbline --help'],
  [['help', 'instal'], 'there is no command "instal" (did you mean install?)', 'plumbline --help'],
  [['frobnicate'], 'there is no command "frobnicate"', 'plumbline --help'],
  [['--vresion'], 'there is no option --vresion', 'plumbline --help'],
  [['--verbose', 'install'], 'there is no option --verbose', 'plumbline --help'],
  [['install'], 'install: --bin-dir DIR is missing', 'plumbline install --help'],
  [['install', '--bin-dir='], 'install: --bin-dir DIR is missing', 'plumbline install --help'],
  [['install', '--bin-dir'], "install: Option '--bin-dir DIR' argument missing", 'plumbline install --help'],
  [
    ['install', '--bin-dir', '--force'],
    "install: Option '--bin-dir DIR' argument missing",
    'plumbline install --help',
  ],
  [
    ['install', '--fore'],
    "install: Unknown option '--fore' (did you mean --force?)",
    'plumbline install --help',
  ],
  [['install', '--bin-dir', '/x', '-x'], "install: Unknown option '-x'", 'plumbline install --help'],
  [
    ['install', '--bin-dir', '/x', '--force=yes'],
    "install: Unknown option '--force=yes' (did you mean --force?)",
    'plumbline install --help',
  ],
  [
    ['install', '--bin-dir', '/x', '/opt/cni/bin'],
    "install: Unexpected argument '/opt/cni/bin'",
    'plumbline install --help',
  ],
  [['uninstall', '--force'], "uninstall: Unknown option '--force'", 'plumbline uninstall --help'],
  [['release-uplink'], 'release-uplink: BRIDGE is missing', 'plumbline release-uplink --help'],
  [['release-uplink', ''], 'release-uplink: BRIDGE is missing', 'plumbline release-uplink --help'],
  [
    ['release-uplink', 'a', 'b'],
    "release-uplink: Unexpected argument 'b'",
    'plumbline release-uplink --help',
  ],
  [
    ['netconf', '--from=a', '--to=b', '--node=c', '--pod-cidrs=d'],
    'netconf: --node and --pod-cidrs exclude each other',
    'plumbline netconf --help',
  ],
])('%j makes no sense', async (argv, message, hint) => {
  const { code, stdout, stderr } = await run(...argv);
  expect({ code, stdout, stderr }).toEqual({
    code: 2,
    stdout: '',
    stderr: `plumbline: ${message}\nTry '${hint}'.\n`,
  });
});

test('what runs from the sources cannot be installed: Node is not plumbline', async () => {
  const { code, stdout, stderr } = await run('install', '--bin-dir', '/nowhere/bin');
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe(
    'plumbline: install: this is no built executable: run `make build`, then dist/bin/plumbline install\n',
  );
});

test('a fault of its own is told with its stack, on lines that a terminal shows', async () => {
  let stderr = '';
  const write = () => {
    throw new RangeError('there is\tno such thing');
  };
  const io = { stdout: { write }, stderr: { write: (text: string) => (stderr += text) } };
  expect(await runCli(['completion', 'bash'], io)).toBe(1);
  expect(stderr).toMatch(/^plumbline: completion: internal error: RangeError: there is\S*no such thing\n/);
  expect(stderr).toMatch(/^plumbline: completion: {5}at \S*write /m);
});
