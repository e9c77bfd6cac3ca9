/** A server in the place of Kubernetes: it answers for a Node. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Cluster } from '../../cli/netconf/node.ts';

/** A server needs a certificate, and only openssl makes one; on Debian it comes with ca-certificates. */
export const hasOpenssl = spawnSync('openssl', ['version']).error === undefined;

/** Writes a key and a certificate that is its own authority. */
export function makeCertificate(key: string, certificate: string): void {
  const { status, stderr } = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=kubernetes', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', key, '-out', certificate],
  ]);
  if (status !== 0) throw new Error(`openssl: ${stderr}`);
}

export interface Kubernetes extends Disposable {
  /** Where it is, and a service account for it. */
  readonly cluster: Cluster;
  /** Method, path and authorization of each call. */
  readonly asked: readonly (readonly unknown[])[];
}

/**
 * @param folder for the service account; made
 * @param answer status and body of each answer
 */
export async function startKubernetes(
  folder: string,
  answer: () => { readonly status: number; readonly body: unknown },
): Promise<Kubernetes> {
  mkdirSync(folder);
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'ca.crt')];
  makeCertificate(key, certificate);
  writeFileSync(join(folder, 'token'), 'a.b.c\n');
  const asked: unknown[][] = [];
  const server = createServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    ({ method, url, headers }, response) => {
      asked.push([method, url, headers.authorization]);
      const { status, body } = answer();
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
      response.end(JSON.stringify(body));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    cluster: { host: '127.0.0.1', port, account: folder },
    asked,
    [Symbol.dispose]: () => void server.close(),
  };
}
