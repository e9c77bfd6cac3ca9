/** The node's own file, for what is the same for all of its networks: socket_file above all (ovs-cni's "flat" file). */
import { parseByForm } from '../../lib/cni/config.ts';
import { isObject } from '../../lib/cni/json.ts';
import { CniError, ErrorCode, isErrnoException, show } from '../../lib/errors.ts';
import { readPlainFile } from '../../lib/exec/plain-file.ts';
import { type Fields, fieldsSchema } from './config.ts';
import { plainFields } from './plain.ts';

/** Looked at in this order, after the one that the config names; the first that is there is the one. */
const places = ['/etc/kubernetes/cni/net.d/ovs.d/ovs.conf', '/etc/cni/net.d/ovs.d/ovs.conf'];

/**
 * @param named configuration_path of the config
 * @throws CniError 7 for a file that cannot be read, or does not fit
 */
export function readFlatFile(named: string | undefined, usual: readonly string[] = places): Fields {
  for (const path of named ? [named, ...usual] : usual) {
    const text = read(path);
    if (text !== undefined) return parse(path, text);
  }
  return {};
}

function read(path: string): string | undefined {
  if (!path.startsWith('/') || path.includes('\0')) {
    throw new CniError(ErrorCode.invalidConfig, `configuration_path: ${show(path)} is not an absolute path`);
  }
  const unreadable = (reason: string): CniError =>
    new CniError(
      ErrorCode.invalidConfig,
      `the Open vSwitch config file ${show(path)} cannot be read: ${reason}`,
    );
  let text: string | undefined;
  try {
    text = readPlainFile(path);
  } catch (error) {
    if (isErrnoException(error, 'ENOENT', 'ENOTDIR')) return undefined;
    if (!isErrnoException(error)) throw error;
    throw unreadable(error.code ?? error.message);
  }
  if (text === undefined) throw unreadable('it is no plain file of at most 1 MiB');
  return text;
}

function parse(path: string, text: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not with the parser's words: they repeat the text, and whoever named the file may not be meant to read it.
  }
  if (!isObject(value)) {
    throw new CniError(ErrorCode.invalidConfig, `the Open vSwitch config file ${path} is no JSON object`);
  }
  try {
    return parseByForm({ schema: fieldsSchema, plain: plainFields }, value);
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    throw new CniError(error.code, `the Open vSwitch config file ${path}: ${error.message}`);
  }
}
