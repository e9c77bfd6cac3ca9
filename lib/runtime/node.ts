/** The runtime's own on Node. */
import { spawnSync } from 'node:child_process';
import * as crypto from 'node:crypto';
import { constants } from 'node:os';
import IPCIDR from 'ip-cidr';
import type { Runtime } from './runtime.ts';

export const runtime: Runtime = {
  runChild(path, args, { stdio, env, maxBuffer, timeout }) {
    const child = spawnSync(path, args, {
      stdio: [...stdio],
      env,
      maxBuffer,
      timeout,
      killSignal: 'SIGKILL',
      encoding: 'utf8',
    });
    // An EPIPE of a child that has not read all of its input comes with its status, and that tells more.
    if (child.error && child.status === null && child.signal === null) throw child.error;
    return {
      status: child.status ?? 128 + (child.signal ? constants.signals[child.signal] : 0),
      stdout: child.stdout,
      stderr: child.stderr,
    };
  },
  hash: (algorithm, text) => crypto.hash(algorithm, text, 'hex'),
  randomBytes: (size) => crypto.randomBytes(size),
  ipCidr: () => IPCIDR,
};
