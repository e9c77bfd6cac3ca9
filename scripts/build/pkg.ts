/** pkg's builder of single executable applications, which its command line does not give a Node that is here already. */
import { createRequire } from 'node:module';
import { nativeArch } from './arch.ts';
import { baseNode } from './node.ts';

type SeaBuilder = (
  entry: string,
  options: {
    readonly targets: readonly Readonly<Record<'nodeRange' | 'platform' | 'arch' | 'output', string>>[];
    readonly nodePath: string;
    readonly signature: boolean;
    readonly seaConfig: Readonly<Record<string, unknown>>;
  },
) => Promise<void>;

const fromHere = createRequire(import.meta.url);

/**
 * Puts a program into a copy of this processor's Node.
 * @param seaConfig as Node documents it for --experimental-sea-config, without `main` and `output`
 */
export async function injectByPkg(
  entry: string,
  output: string,
  seaConfig: Readonly<Record<string, unknown>>,
): Promise<void> {
  const { default: sea } = fromHere('@yao-pkg/pkg/lib-es5/sea') as { default: SeaBuilder };
  const nodeRange = `node${process.versions.node.split('.')[0]}`;
  await sea(entry, {
    targets: [{ nodeRange, platform: 'linux', arch: nativeArch.node, output }],
    nodePath: baseNode(nativeArch),
    signature: false,
    seaConfig,
  });
}
