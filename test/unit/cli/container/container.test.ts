import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Ask, Said } from '../../../../cli/container/ask.ts';
import { askContainerd, parseInfo, parseTasks } from '../../../../cli/container/containerd.ts';
import { parseLists, parseSandbox } from '../../../../cli/container/cri.ts';
import { askDocker, askPodman } from '../../../../cli/container/docker.ts';
import { findContainer } from '../../../../cli/container/find.ts';
import { matchPath } from '../../../../cli/container/namespace.ts';
import { CniError } from '../../../../lib/errors.ts';
import type { Netns } from '../../../../lib/exec/host.ts';
import { cri, ctr, docker, pod, podman } from './samples.ts';

const said = (stdout: string): Said => ({ status: 0, stdout, stderr: '' });
/** Answers by the first pattern that the command line fits; other programs are not installed. */
const answering =
  (answers: readonly (readonly [RegExp, Said])[]): Ask =>
  async (program, args) =>
    answers.find(([pattern]) => pattern.test([program, ...args].join(' ')))?.[1];

test('Docker: a container by its name, its ID, and the beginning of it', async () => {
  const ask = answering([[/^docker inspect --type container /, said(docker.running)]]);
  const netns = ['/var/run/docker/netns/7c1f5b2d9e8a', '/proc/41234/ns/net'];
  const web = { by: 'docker', id: docker.id, name: 'web', netns, state: 'running' };
  expect((await askDocker(ask, 'web')).matches).toEqual([{ ...web, isExact: true }]);
  expect((await askDocker(ask, docker.id)).matches).toEqual([{ ...web, isExact: true }]);
  expect((await askDocker(ask, '4f66')).matches).toEqual([{ ...web, isExact: false }]);
});

test('Docker: one that does not run has no namespace, whatever is left of it', async () => {
  const ask = answering([[/^docker/, said(docker.exited)]]);
  expect((await askDocker(ask, 'web')).matches).toMatchObject([{ netns: [], state: 'exited' }]);
});

test.each([
  ['nobody of that name', docker.nobody, 'no such container'],
  ['no daemon', docker.noDaemon, docker.noDaemon.stderr.trim()],
  ['no answer in time', { status: 1, stdout: '', stderr: 'no answer within 4 s' }, 'no answer within 4 s'],
  [
    'several IDs',
    {
      status: 1,
      stdout: '[]',
      stderr: 'Error response from daemon: multiple IDs found with provided prefix: 4f',
    },
    'Error response from daemon: multiple IDs found with provided prefix: 4f',
  ],
])('Docker: %s', async (_, answer, why) => {
  expect(await askDocker(answering([[/^docker/, answer]]), '4f')).toEqual({ by: 'docker', matches: [], why });
});

test('Podman prints the same fields', async () => {
  const ask = answering([[/^podman inspect --type container /, said(podman.running)]]);
  expect((await askPodman(ask, 'store')).matches).toEqual([
    {
      by: 'podman',
      id: podman.id,
      name: 'store',
      isExact: true,
      netns: ['/run/netns/netns-7f0c2b1d-2f65-4a5e-9a6c-0d7a5a1c9b3e', '/proc/5150/ns/net'],
      state: 'running',
    },
  ]);
  const nobody = await askPodman(answering([[/^podman/, podman.nobody]]), 'nobody');
  expect(nobody).toEqual({ by: 'podman', matches: [], why: 'no such container' });
  expect(await askPodman(answering([]), 'store')).toEqual({
    by: 'podman',
    matches: [],
    why: 'not installed',
  });
});

test('ctr: a container without a named namespace, one of a pod, one that has ended, one of the node', () => {
  const tasks = parseTasks(ctr.tasks);
  const info = (text: string, named: string) => parseInfo('default', text, tasks, named);
  expect(info(ctr.plain, 'web')).toEqual({
    by: 'containerd (default)',
    id: 'web',
    name: '',
    isExact: true,
    netns: ['/proc/30333/ns/net'],
    state: 'running',
  });
  expect(info(ctr.nerdctl, 'shop')).toMatchObject({ id: 'web', name: 'shop', isExact: true });
  // What plugins know it by is the sandbox, whose namespace it is.
  expect(info(ctr.app, pod.appId.slice(0, 8))).toMatchObject({
    id: pod.sandboxId,
    name: 'shop-7d4b9c',
    isExact: false,
    netns: ['/proc/20111/ns/net', '/proc/20222/ns/net'],
  });
  expect(parseInfo('default', ctr.plain, new Map(), 'web')).toMatchObject({
    netns: [],
    state: 'not running',
  });
  expect(info(ctr.plain.replace('"ID": "web"', '"ID": "batch"'), 'batch')).toMatchObject({
    netns: [],
    state: 'stopped',
  });
  expect(info(ctr.hostNetwork, 'web')).toMatchObject({ netns: ['/proc/30333/ns/net'] });
  expect(info('', 'web')).toBeUndefined();
});

test('containerd is asked in each of its namespaces', async () => {
  const ask = answering([
    [/^ctr --connect-timeout 1s namespaces list --quiet$/, said('default\nk8s.io\n')],
    [/^ctr --namespace k8s\.io containers list --quiet id~="\^0a1b" /, said(`${pod.appId}\n`)],
    [/^ctr --namespace default containers list --quiet .* labels\."nerdctl\/name"=="shop"/, said('web\n')],
    [/^ctr --namespace \S+ containers list/, said('')],
    [/^ctr --namespace \S+ tasks list$/, said(ctr.tasks)],
    [/^ctr --namespace k8s\.io containers info 0a1b/, said(ctr.app)],
    [/^ctr --namespace default containers info web$/, said(ctr.nerdctl)],
  ]);
  expect((await askContainerd(ask, 'shop')).matches).toMatchObject([
    { by: 'containerd (default)', id: 'web' },
  ]);
  expect((await askContainerd(ask, '0a1b')).matches).toMatchObject([
    { by: 'containerd (k8s.io)', id: pod.sandboxId },
  ]);
  expect(await askContainerd(ask, 'nobody')).toEqual({
    by: 'containerd',
    matches: [],
    why: 'no such container (namespaces default, k8s.io)',
  });
  const stderr = 'ctr: failed to dial "/run/containerd/containerd.sock": context deadline exceeded\n';
  const dead = await askContainerd(answering([[/^ctr/, { status: 1, stdout: '', stderr }]]), 'shop');
  expect(dead.why).toBe(stderr.trim());
});

test.each([
  ['shop-7d4b9c', true],
  [pod.sandboxId, true],
  [pod.sandboxId.slice(0, 9), false],
  ['app', true],
  [pod.appId.slice(0, 9), false],
])('crictl: %s is the pod', (named, isExact) => {
  expect(parseLists(cri.pods, cri.containers, named)).toEqual([{ sandbox: pod.sandboxId, isExact }]);
});

test.each([
  ['containerd', cri.containerd],
  ['CRI-O', cri.crio],
])('crictl inspectp before %s', (_, stdout) => {
  const found = { sandbox: pod.sandboxId, isExact: true };
  expect(parseSandbox('crictl', stdout, found)).toEqual([
    {
      by: 'crictl',
      id: pod.sandboxId,
      name: 'default/shop-7d4b9c',
      isExact: true,
      netns: [pod.netns, '/proc/20111/ns/net'],
      state: 'running',
    },
  ]);
  expect(parseSandbox('crictl', stdout.replace('SANDBOX_READY', 'SANDBOX_NOTREADY'), found)).toMatchObject([
    { netns: [], state: 'notready' },
  ]);
});

/** Namespaces by path; paths that are not in it are gone. */
const hostWith = (namespaces: Readonly<Record<string, string>>) => ({
  openNetns(path: string): Netns {
    const id = namespaces[path];
    if (id === undefined) throw new CniError(8, `CNI_NETNS: "${path}" does not exist`);
    return { path, id, ref: path, fd: -1, [Symbol.dispose]: () => undefined };
  },
});
const env = { CONTAINER_RUNTIME_ENDPOINT: 'unix:///run/crio/crio.sock' };
const criAnswers: readonly (readonly [RegExp, Said])[] = [
  [/^crictl pods/, said(cri.pods)],
  [/^crictl ps/, said(cri.containers)],
  [/^crictl inspectp/, said(cri.crio)],
];
const ctrAnswers: readonly (readonly [RegExp, Said])[] = [
  [/^ctr namespaces/, said('k8s.io')],
  [/^ctr .* containers list/, said(`${pod.appId}\n`)],
  [/^ctr .* tasks/, said(ctr.tasks)],
  [/^ctr .* info/, said(ctr.app)],
];

test('what several runtimes know is one container where it is one namespace', async () => {
  const ask = answering([...criAnswers, ...ctrAnswers]);
  const host = hostWith({ [pod.netns]: 'n1', '/proc/20111/ns/net': 'n1' });
  const target = await findContainer({ host, ask, env }, pod.appId.slice(0, 9));
  expect(target).toMatchObject({
    id: pod.sandboxId,
    name: 'default/shop-7d4b9c',
    netns: { path: pod.netns },
  });
});

test('two namespaces are two containers, and both are listed', async () => {
  const ask = answering([...criAnswers, [/^docker/, said(docker.running.replace('/web', '/app'))]]);
  const host = hostWith({ [pod.netns]: 'n1', '/proc/41234/ns/net': 'n2' });
  await expect(findContainer({ host, ask, env }, 'app')).rejects.toThrow(
    [
      '"app" is the name of several:',
      `  docker: app (${docker.id}), /proc/41234/ns/net`,
      `  crictl: default/shop-7d4b9c (${pod.sandboxId}), /proc/20111/ns/net`,
      'give more of the ID, or the path of the namespace',
    ].join('\n'),
  );
});

test('a full name goes before the beginning of an ID', async () => {
  const ask = answering([...criAnswers, [/^docker/, said(docker.running.replace('/web', '/f2a1'))]]);
  const host = hostWith({ [pod.netns]: 'n1', '/proc/41234/ns/net': 'n2' });
  expect(await findContainer({ host, ask, env }, 'f2a1')).toMatchObject({ by: 'docker' });
});

test('nobody: who was asked, and why each has not got it', async () => {
  const ask = answering([
    [/^docker/, docker.noDaemon],
    [/^podman/, podman.nobody],
  ]);
  await expect(findContainer({ host: hostWith({}), ask, env }, 'nobody')).rejects.toThrow(
    [
      'there is no container "nobody"; asked were',
      '  ip netns: there is no /run/netns/nobody',
      `  docker: ${docker.noDaemon.stderr.trim()}`,
      '  podman: no such container',
      '  crictl: not installed',
      '  containerd: ctr is not installed',
    ].join('\n'),
  );
});

test.each([
  [docker.exited, {}, /^docker: web \(4f66\w+\) does not run \(exited\); start it first$/],
  [docker.running, {}, /^docker: web \(4f66\w+\): "\/proc\/41234\/ns\/net" does not exist$/],
])('one that has no namespace is told so', async (stdout, namespaces, message) => {
  const ask = answering([[/^docker/, said(stdout)]]);
  await expect(findContainer({ host: hostWith(namespaces), ask, env }, 'web')).rejects.toThrow(message);
});

test('a path is a namespace, and its name in /run/netns the ID for plugins', () => {
  expect(matchPath('/run/netns/blue')).toMatchObject({ id: 'blue', name: '', netns: ['/run/netns/blue'] });
  expect(matchPath('/proc/17/ns/net')).toMatchObject({ by: 'PID', id: 'pid-17' });
  expect(matchPath('/srv/ns/blue')).toMatchObject({
    id: expect.stringMatching(/^netns-[0-9a-f]{12}$/),
    name: '/srv/ns/blue',
  });
});

test('a link to a namespace is what it leads to: it may go first', () => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-container-'));
  try {
    symlinkSync('/proc/4711/ns/net', join(folder, 'web'));
    expect(matchPath(join(folder, 'web')).netns).toEqual(['/proc/4711/ns/net']);
    expect(matchPath(join(folder, 'none')).netns).toEqual([join(folder, 'none')]);
    expect(matchPath('/dev/null/x').netns).toEqual(['/dev/null/x']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
