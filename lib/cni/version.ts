/**
 * Versions of the CNI specification.
 *
 * Source: CNI specification 1.1.0, "Version considerations"; a config without `cniVersion` is 0.1.0.
 */
import { CniError, ErrorCode, show } from '../errors.ts';

export const supportedVersions = ['0.1.0', '0.2.0', '0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;
export type SpecVersion = (typeof supportedVersions)[number];
export const currentVersion: SpecVersion = '1.1.0';

/** Whether `version` is the given one or a later one. Both are of the list, so the order of the list decides. */
export function atLeast(version: SpecVersion, minimum: SpecVersion): boolean {
  return supportedVersions.indexOf(version) >= supportedVersions.indexOf(minimum);
}

/**
 * The specification version of a config.
 * @throws CniError 1 if it is none that we speak, 6 if it is no string
 */
export function parseVersion(value: unknown): SpecVersion {
  if (value === undefined || value === null || value === '') return '0.1.0';
  if (typeof value !== 'string') {
    throw new CniError(ErrorCode.undecodable, `cniVersion: ${show(value)} is not a string such as "1.0.0"`);
  }
  const found = supportedVersions.find((version) => version === value);
  if (found === undefined) {
    throw new CniError(
      ErrorCode.incompatibleVersion,
      `cniVersion: ${show(value)} is not supported; use one of ${supportedVersions.join(', ')}`,
    );
  }
  return found;
}

/** What VERSION prints (CNI specification, section 2, "VERSION"). */
export function versions(): string {
  return `${JSON.stringify({ cniVersion: currentVersion, supportedVersions }, undefined, 4)}\n`;
}
