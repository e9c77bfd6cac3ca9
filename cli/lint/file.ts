/** Lints one file: a plugin's config (.conf, .json) or a list of them (.conflist). */
import type { Node } from 'jsonc-parser';
import { fieldName } from '../../lib/cni/config.ts';
import { isObject, type JsonObject, member } from '../../lib/cni/json.ts';
import { networkName } from '../../lib/cni/request.ts';
import { parseVersion, type SpecVersion, supportedVersions } from '../../lib/cni/version.ts';
import { asCniError } from '../../lib/errors.ts';
import { isList } from '../network/files.ts';
import { itemsOf, memberOf, membersOf, type Path, parseSource, type Source } from '../network/source.ts';
import { compareFindings, type Finding } from './finding.ts';
import { findRepeatedKeys, isOthers } from './keys.ts';
import { lintMember } from './member.ts';
import { nearest } from './nearest.ts';
import type { Network } from './network.ts';
import { listNotes } from './peers.ts';
import type { Place } from './place.ts';

export interface Linted {
  readonly findings: readonly Finding[];
  /** Undefined where the file cannot be read as one. */
  readonly network: Network | undefined;
}

type Report = Place['report'];

/** @param file its name, for findings, and for what it is to hold */
export function lintText(file: string, text: string): Linted {
  const source = parseSource(file, text);
  if (!('root' in source)) {
    return {
      findings: source.map((fault) => ({ file, level: 'error', field: '', ...fault })),
      network: undefined,
    };
  }
  const findings: Finding[] = [];
  const report = reporter(source, findings);
  const network = lintRoot(source, report);
  return { findings: findings.sort(compareFindings), network };
}

/** Notes a finding; what has been said of a place is not said again. */
export function reporter(source: Source, findings: Finding[]): Report {
  return (node, path, level, message) => {
    const { line, column } = source.position(node.offset);
    const isTold = findings.some(
      (other) => other.line === line && other.column === column && other.message === message,
    );
    if (!isTold) findings.push({ file: source.file, line, column, level, field: fieldName(path), message });
  };
}

function lintRoot(source: Source, report: Report): Network | undefined {
  const { value, root, file } = source;
  if (!isObject(value)) {
    report(root, [], 'error', 'the file must be a JSON object');
    return undefined;
  }
  // A list's keys are looked for by their exact spelling.
  const isListed = isList(file, value);
  if (!isListed && Object.hasOwn(value, 'plugins') && member(value, 'type') === undefined) {
    const { key } = memberOf(root, 'plugins') ?? { key: root };
    report(
      key,
      ['plugins'],
      'error',
      'plugins: this is a list of plugins; name the file .conflist, or runtimes take it for one plugin',
    );
    return lintList(source, value, report);
  }
  return isListed ? lintList(source, value, report) : lintSingle(source, value, report);
}

function lintSingle(source: Source, value: JsonObject, report: Report): Network | undefined {
  const { root } = source;
  const name = lintName(root, member(value, 'name'), report);
  const version = lintVersion(root, value, report);
  const place = { source, node: root, at: [], network: name ?? 'unnamed', version };
  const found = lintMember({ ...place, isChained: false, isInList: false, report });
  return name === undefined || found === undefined ? undefined : { source, name, members: [found] };
}

const listKeys = [
  'cniVersion',
  'cniVersions',
  'name',
  'plugins',
  'disableCheck',
  'disableGC',
  'loadOnlyInlinedPlugins',
];

function lintList(source: Source, value: JsonObject, report: Report): Network | undefined {
  const { root } = source;
  const plugins = exactMember(root, 'plugins');
  const isSingle = plugins === undefined && member(value, 'type') !== undefined;
  if (!isSingle) lintListKeys(root, report);
  const name = lintName(root, value['name'], report);
  const version = lintVersion(root, value, report);
  for (const key of ['disableCheck', 'disableGC', 'loadOnlyInlinedPlugins']) lintFlag(root, key, report);
  if (plugins?.type !== 'array') {
    const said = plugins === undefined ? 'missing' : JSON.stringify(value['plugins']);
    const hint = isSingle ? '; a file with one plugin is named .conf' : '';
    report(plugins ?? root, ['plugins'], 'error', `plugins: ${said}, expected a list of plugins${hint}`);
    return undefined;
  }
  const nodes = itemsOf(plugins);
  if (nodes.length === 0) report(plugins, ['plugins'], 'error', 'plugins: [], expected at least one plugin');
  const members = nodes.flatMap((node, index) => {
    const place = { source, node, at: ['plugins', index], network: name ?? 'unnamed', version };
    return lintMember({ ...place, isChained: index > 0, isInList: true, report }) ?? [];
  });
  return name === undefined ? undefined : { source, name, members };
}

function lintListKeys(root: Node, report: Report): void {
  for (const { node, path, level, message } of findRepeatedKeys(root, [])) report(node, path, level, message);
  for (const { key } of membersOf(root)) {
    const name = String(key.value);
    if (listKeys.includes(name) || isOthers(name, listNotes)) continue;
    const meant = nearest(name, listKeys);
    const hint = meant === undefined ? "a plugin's own keys belong into plugins" : `did you mean ${meant}?`;
    report(key, [name], 'error', `${name}: unknown key; ${hint}`);
  }
}

/** The value of a list's own key: runtimes look for its exact spelling. */
function exactMember(root: Node, name: string): Node | undefined {
  return membersOf(root).findLast(({ key }) => key.value === name)?.value;
}

function lintName(root: Node, name: unknown, report: Report): string | undefined {
  try {
    return networkName(name ?? undefined);
  } catch (error) {
    const node = memberOf(root, 'name')?.value;
    const isMissing = name === undefined || name === null;
    report(
      node ?? root,
      ['name'],
      'error',
      isMissing ? 'name: missing, expected the name of the network' : asCniError(error).message,
    );
    return undefined;
  }
}

/** @returns the version that a runtime would choose: the latest that both it and the plugins speak */
function lintVersion(root: Node, value: JsonObject, report: Report): SpecVersion {
  const versions = [
    versionAt(
      member(value, 'cniVersion'),
      memberOf(root, 'cniVersion')?.value ?? root,
      ['cniVersion'],
      report,
    ),
  ];
  const list = memberOf(root, 'cniVersions')?.value;
  if (list !== undefined && list.type !== 'array' && list.type !== 'null') {
    report(list, ['cniVersions'], 'error', 'cniVersions: expected a list such as ["1.0.0", "1.1.0"]');
  }
  for (const [index, node] of itemsOf(list).entries()) {
    versions.push(versionAt(node.value, node, ['cniVersions', index], report));
  }
  const latest = versions.map((version) => (version === undefined ? -1 : supportedVersions.indexOf(version)));
  return supportedVersions[Math.max(...latest)] ?? '1.0.0';
}

function versionAt(value: unknown, node: Node, path: Path, report: Report): SpecVersion | undefined {
  try {
    return parseVersion(value);
  } catch (error) {
    report(node, path, 'error', asCniError(error).message.replace(/^cniVersion/, fieldName(path)));
    return undefined;
  }
}

/** Runtimes take these as texts, too. */
function lintFlag(root: Node, name: string, report: Report): void {
  const node = exactMember(root, name);
  if (node === undefined || node.type === 'boolean') return;
  if (/^(?:true|false)$/i.test(String(node.value))) return;
  report(node, [name], 'error', `${name}: expected true or false`);
}
