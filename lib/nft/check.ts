/** CHECK: are the rules of an attachment, and those that lead to them, still there? */
import type { Host } from '../exec/host.ts';
import { formatAddress } from '../net/address.ts';
import { deleteGuard } from './antispoof.ts';
import { deleteMasquerade, subnetChain, subnetOf } from './masquerade.ts';
import { isEmpty, type Rules } from './rules.ts';
import { list, transact } from './transaction.ts';

/** A chain with the number of rules that it was made with. */
interface ChainOfRules {
  readonly family: 'inet' | 'bridge';
  readonly name: string;
  readonly rules: number;
}

const postrouting: ChainOfRules = { family: 'inet', name: 'postrouting', rules: 2 };
const prerouting: ChainOfRules = { family: 'bridge', name: 'prerouting', rules: 1 };

function chainsOf({ owner, masquerade, guard }: Rules): ChainOfRules[] {
  const subnets = new Set(masquerade.map((address) => subnetChain(owner.network, subnetOf(address))));
  return [
    ...[...subnets].map((name): ChainOfRules => ({ family: 'inet', name, rules: 2 })),
    ...(masquerade.length > 0 ? [postrouting] : []),
    ...(guard ? [prerouting] : []),
  ];
}

/** Only ever asked about: it could be added where there is a rule of that number before it. */
const afterLast = ({ family, name, rules }: ChainOfRules): string =>
  `add rule ${family} plumbline ${name} index ${rules - 1} accept`;

/**
 * What is wrong with an attachment's rules, in words; nothing where all is as ADD made it.
 *
 * One question tells that all is well, whatever the number of containers: could all of it be deleted, and could a rule be
 * added behind the last one of each chain? To list a chain, nft reads all elements of its table (1.0).
 */
export async function checkRules(host: Host, rules: Rules): Promise<string[]> {
  if (isEmpty(rules)) return [];
  const { owner, masquerade, guard } = rules;
  const question = [
    ...masquerade.flatMap((address) => deleteMasquerade(owner.key, address)),
    ...(guard ? deleteGuard(guard) : []),
    ...chainsOf(rules).map(afterLast),
  ];
  const isWhole = (await transact(host, question, { checkOnly: true })) === 'done';
  return isWhole ? [] : faultsIn(host, rules);
}

async function faultsIn(host: Host, { owner, masquerade, guard }: Rules): Promise<string[]> {
  const faults: string[] = [];
  for (const address of masquerade) {
    const [chain] = chainsOf({ owner, masquerade: [address], guard: undefined });
    if ((await transact(host, deleteMasquerade(owner.key, address), { checkOnly: true })) !== 'done') {
      faults.push(
        `the masquerade element of ${formatAddress(address.address)} is gone from nft's table inet plumbline`,
      );
    } else if (chain && !(await isWhole(host, chain))) {
      faults.push(`the masquerade rules of ${subnetOf(address)} are gone from nft's table inet plumbline`);
    }
  }
  if (masquerade.length > 0 && faults.length === 0 && !(await isWhole(host, postrouting))) {
    faults.push("the masquerade rule of the chain postrouting is gone from nft's table inet plumbline");
  }
  if (guard && (await transact(host, deleteGuard(guard), { checkOnly: true })) !== 'done') {
    faults.push(
      `the anti-spoofing elements of ${guard.port} and ${guard.mac} are gone from nft's table bridge plumbline`,
    );
  } else if (guard && !(await isWhole(host, prerouting))) {
    faults.push("the anti-spoofing rule of the chain prerouting is gone from nft's table bridge plumbline");
  }
  return faults;
}

async function isWhole(host: Host, { family, name, rules }: ChainOfRules): Promise<boolean> {
  const objects = await list(host, ['chain', family, 'plumbline', name]);
  return objects.filter((object) => 'rule' in object).length >= rules;
}
