/** Whether a network config is one that a runtime and plumbline's plugins take. */
import { configSchema as hostLocalSchema, rangeSetsOf } from '../../ipam/host-local/config.ts';
import { baseConfigSchema, parseConfig } from '../../lib/cni/config.ts';
import { isObject, type JsonObject, member } from '../../lib/cni/json.ts';
import { parseRequest } from '../../lib/cni/request.ts';
import { asCniError, CniError, ErrorCode } from '../../lib/errors.ts';
import { findPlugin } from '../../plugins/index.ts';

/** An attachment for plugins to read a config for; it never comes to be. */
const someAttachment = { CNI_CONTAINERID: 'netconf', CNI_IFNAME: 'eth0', CNI_PATH: '/opt/cni/bin' };

/** What is wrong, each with its field; nothing where all is well. Plugins of other projects are not looked into. */
export function findFaults(config: JsonObject): readonly string[] {
  const plugins = member(config, 'plugins');
  if (plugins === undefined) return faultsOf(config, '');
  if (!Array.isArray(plugins) || plugins.length === 0)
    return ['plugins: expected a list of at least one plugin'];
  return plugins.flatMap((plugin: unknown, index) => {
    const at = `plugins[${index}]`;
    if (!isObject(plugin)) return [`${at}: expected an object`];
    return faultsOf({ ...plugin, name: config['name'], cniVersion: config['cniVersion'] }, `${at}.`);
  });
}

function faultsOf(config: JsonObject, at: string): readonly string[] {
  try {
    checkPlugin(config);
    return [];
  } catch (error) {
    return [`${at}${asCniError(error).message}`];
  }
}

function checkPlugin(config: JsonObject): void {
  const request = parseRequest('DEL', someAttachment, JSON.stringify(config));
  const { type, ipam } = parseConfig(baseConfigSchema(), config);
  // Without a type a runtime refuses the whole file.
  if (!type) throw new CniError(ErrorCode.invalidConfig, 'type: missing, expected the name of a plugin');
  const plugin = findPlugin(type);
  if (plugin !== undefined) parseConfig(plugin.config.schema(), config);
  if (ipam?.type === 'host-local') rangeSetsOf({ config: parseConfig(hostLocalSchema(), config), request });
}
