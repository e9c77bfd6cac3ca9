/** The programs that plumbline runs, and their versions. */
import type { Host } from '../../lib/exec/host.ts';
import { missingTool } from '../../lib/exec/tools.ts';
import { type Check, checksOf } from './check.ts';
import { isOlder } from './kernel.ts';
import type { Need, Needs } from './needs.ts';

const { ok, warning, problem } = checksOf('tools');

interface Tool {
  readonly name: string;
  /** Prints the version. */
  readonly option?: string;
  readonly oldest?: string;
  /** Which networks need it; `all` where none can do without. */
  readonly needs: 'all' | readonly Need[];
}

const tools: readonly Tool[] = [
  { name: 'ip', option: '-V', oldest: '5.10', needs: 'all' },
  { name: 'nsenter', option: '--version', needs: 'all' },
  { name: 'flock', option: '--version', needs: 'all' },
  { name: 'sh', needs: 'all' },
  { name: 'bridge', option: '-V', oldest: '5.10', needs: ['vlan'] },
  { name: 'nft', option: '--version', oldest: '0.9.7', needs: ['masquerade', 'antispoof'] },
  { name: 'iptables', option: '--version', needs: ['iptables'] },
  { name: 'tc', option: '-V', needs: ['limits'] },
  { name: 'ovsdb-client', option: '--version', needs: ['ovs'] },
];

export async function checkTools({ runner }: Host, needs: Needs): Promise<readonly Check[]> {
  const checks: Check[] = [];
  for (const tool of tools) {
    checks.push(runner.has(tool.name) ? await checkVersion(runner, tool) : missing(tool, needs));
  }
  return checks;
}

function missing(tool: Tool, needs: Needs): Check {
  // "the program ... is not installed; on Debian: apt-get install ..."
  const [message = '', remedy = 'install it'] = missingTool(tool.name).split('; on Debian: ');
  if (tool.needs === 'all') return problem(tool.name, message, remedy);
  const users = tool.needs.flatMap((need) => needs.get(need) ?? []);
  if (users.length > 0) return problem(tool.name, `${message}, and network "${users[0]}" needs it`, remedy);
  return warning(tool.name, `${message}; no network here needs it`, remedy);
}

async function checkVersion(runner: Host['runner'], { name, option, oldest }: Tool): Promise<Check> {
  if (option === undefined) return ok(name, 'there');
  const { status, stdout, stderr } = await runner.run(name, [option], { timeout: 5_000 });
  const [line = ''] = `${stdout}\n${stderr}`.trim().split('\n');
  if (status !== 0)
    return problem(name, `does not run: ${line || `exit status ${status}`}`, 'install it anew');
  const version = /\d+\.\d+(?:\.\d+)*/.exec(line)?.[0];
  if (version === undefined) return ok(name, line || 'there');
  if (oldest !== undefined && isOlder(version, oldest)) {
    return warning(name, `version ${version}`, `plumbline is made for ${oldest} or later`);
  }
  return ok(name, version);
}
