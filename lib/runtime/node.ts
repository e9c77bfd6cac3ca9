/**
 * The runtime's own on Node, but for node:crypto: in the heap of the snapshot it takes 3 ms of each start
 * (docs/startup.md), and what is hashed here is some names.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import IPCIDR from 'ip-cidr';
import type { Runtime } from './runtime.ts';

const hashes = { sha256, sha512 } as const;

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
  hash: (algorithm, text) => Buffer.from(hashes[algorithm](Buffer.from(text))).toString('hex'),
  randomBytes(size) {
    const bytes = new Uint8Array(size);
    const fd = openSync('/dev/urandom', 'r');
    try {
      for (let at = 0; at < size; ) at += readSync(fd, bytes, at, size - at, null);
    } finally {
      closeSync(fd);
    }
    return bytes;
  },
  ipCidr: () => IPCIDR,
};
