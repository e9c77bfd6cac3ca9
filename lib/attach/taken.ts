/** The error of a name that another link of the sandbox has. */
import { CniError, ErrorCode, show } from '../errors.ts';

/**
 * @param field what the name comes from: `CNI_IFNAME`, or a field of the config
 * @param netns path of the sandbox, as the runtime gave it
 */
export function nameTaken(field: string, name: string, netns: string, details: string): CniError {
  return new CniError(
    ErrorCode.alreadyExists,
    `${field}: ${show(name)} exists in ${netns} already; it is left as it is. DEL removes it where it is of an earlier ADD`,
    details,
  );
}
