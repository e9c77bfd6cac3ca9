/**
 * What the runtimes' command lines print, cut to the fields around those that are read: docker-inspect(1) of Docker 27,
 * podman-inspect(1) of Podman 5, ctr of containerd 1.7, crictl 1.31 before containerd and before CRI-O 1.31.
 */

const dockerId = '4f66ad9a0b2e1c5d7f8091a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6';

export const docker = {
  id: dockerId,
  running: `[
    {
        "Id": "${dockerId}",
        "Created": "2025-03-04T10:11:12.131415161Z",
        "Path": "/docker-entrypoint.sh",
        "Args": ["nginx", "-g", "daemon off;"],
        "State": {
            "Status": "running",
            "Running": true,
            "Paused": false,
            "Restarting": false,
            "OOMKilled": false,
            "Dead": false,
            "Pid": 41234,
            "ExitCode": 0,
            "Error": "",
            "StartedAt": "2025-03-04T10:11:12.512345678Z",
            "FinishedAt": "0001-01-01T00:00:00Z"
        },
        "Image": "sha256:53a18edff8091d5faff1e42b4d885bc5f0f897873b0b8f0ace236cd5930819b0",
        "Name": "/web",
        "RestartCount": 0,
        "Driver": "overlay2",
        "HostConfig": { "NetworkMode": "bridge" },
        "NetworkSettings": {
            "Bridge": "",
            "SandboxID": "7c1f5b2d9e8a4c3b2a1f0e9d8c7b6a594837261504f3e2d1c0b9a8f7e6d5c4b3",
            "SandboxKey": "/var/run/docker/netns/7c1f5b2d9e8a",
            "Ports": { "80/tcp": null },
            "Networks": { "bridge": { "IPAddress": "172.17.0.2", "Gateway": "172.17.0.1" } }
        }
    }
]
`,
  exited: `[
    {
        "Id": "${dockerId}",
        "State": { "Status": "exited", "Running": false, "Pid": 0, "ExitCode": 137 },
        "Name": "/web",
        "NetworkSettings": { "SandboxID": "", "SandboxKey": "", "Networks": {} }
    }
]
`,
  nobody: { status: 1, stdout: '[]\n', stderr: 'Error response from daemon: No such container: nobody\n' },
  noDaemon: {
    status: 1,
    stdout: '[]\n',
    stderr:
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?\n',
  },
};

const podmanId = 'b1c2d3e4f5a6978869504132a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6';

export const podman = {
  id: podmanId,
  running: `[
     {
          "Id": "${podmanId}",
          "Created": "2025-03-04T11:12:13.141516171+01:00",
          "State": {
               "OciVersion": "1.2.0",
               "Status": "running",
               "Running": true,
               "Pid": 5150,
               "ConmonPid": 5148,
               "ExitCode": 0
          },
          "ImageName": "docker.io/library/redis:7",
          "Pod": "",
          "Name": "store",
          "NetworkSettings": {
               "EndpointID": "",
               "Gateway": "10.88.0.1",
               "IPAddress": "10.88.0.5",
               "SandboxID": "",
               "SandboxKey": "/run/netns/netns-7f0c2b1d-2f65-4a5e-9a6c-0d7a5a1c9b3e"
          },
          "HostConfig": { "NetworkMode": "bridge" }
     }
]
`,
  nobody: { status: 125, stdout: '[]\n', stderr: 'Error: no such container "nobody"\n' },
};

const sandboxId = 'f2a1c0d9e8b7a6958473625140f1e2d3c4b5a69788796a5b4c3d2e1f00112233';
const appId = '0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9';
const netns = '/var/run/netns/cni-5a1f0c3e-7d2b-4c8a-9e6f-1b0d2c3a4e5f';

export const pod = { sandboxId, appId, netns };

export const ctr = {
  tasks: `TASK                                                                PID      STATUS    
${sandboxId}    20111    RUNNING
${appId}    20222    RUNNING
batch                                                               0        STOPPED
web                                                                 30333    RUNNING
`,
  /** Of ctr run. */
  plain: `{
    "ID": "web",
    "Labels": { "io.containerd.image.config.stop-signal": "SIGTERM" },
    "Image": "docker.io/library/busybox:latest",
    "Runtime": { "Name": "io.containerd.runc.v2", "Options": { "type_url": "containerd.runc.v1.Options" } },
    "SnapshotKey": "web",
    "Snapshotter": "overlayfs",
    "CreatedAt": "2025-03-04T12:13:14.151617181Z",
    "UpdatedAt": "2025-03-04T12:13:14.151617181Z",
    "Extensions": {},
    "SandboxID": "",
    "Spec": {
        "ociVersion": "1.1.0",
        "process": { "args": ["sh"] },
        "linux": {
            "cgroupsPath": "/default/web",
            "namespaces": [
                { "type": "pid" }, { "type": "ipc" }, { "type": "uts" }, { "type": "mount" }, { "type": "network" }
            ]
        }
    }
}`,
  /** Of nerdctl run --name shop. */
  nerdctl: `{
    "ID": "web",
    "Labels": { "nerdctl/name": "shop", "nerdctl/namespace": "default", "nerdctl/networks": "[\\"bridge\\"]" },
    "Spec": { "linux": { "namespaces": [{ "type": "network" }] } }
}`,
  /** A container of a pod, in the namespace k8s.io. */
  app: `{
    "ID": "${appId}",
    "Labels": {
        "io.cri-containerd.kind": "container",
        "io.kubernetes.container.name": "app",
        "io.kubernetes.pod.name": "shop-7d4b9c",
        "io.kubernetes.pod.namespace": "default"
    },
    "Spec": {
        "annotations": {
            "io.kubernetes.cri.container-type": "container",
            "io.kubernetes.cri.sandbox-id": "${sandboxId}"
        },
        "linux": { "namespaces": [{ "type": "pid" }, { "type": "network", "path": "/proc/20111/ns/net" }] }
    }
}`,
  /** Of one that has the node's network: no namespace of its own. */
  hostNetwork: `{ "ID": "web", "Labels": {}, "Spec": { "linux": { "namespaces": [{ "type": "pid" }] } } }`,
};

export const cri = {
  pods: `{
  "items": [
    {
      "id": "${sandboxId}",
      "metadata": { "name": "shop-7d4b9c", "uid": "3e0c", "namespace": "default", "attempt": 0 },
      "state": "SANDBOX_READY",
      "createdAt": "1741090394151617181",
      "labels": { "app": "shop" },
      "annotations": {},
      "runtimeHandler": ""
    },
    {
      "id": "99a1c0d9e8b7a6958473625140f1e2d3c4b5a69788796a5b4c3d2e1f00112233",
      "metadata": { "name": "other", "uid": "4f1d", "namespace": "default", "attempt": 0 },
      "state": "SANDBOX_NOTREADY",
      "createdAt": "1741090394151617182"
    }
  ]
}`,
  containers: `{
  "containers": [
    {
      "id": "${appId}",
      "podSandboxId": "${sandboxId}",
      "metadata": { "name": "app", "attempt": 0 },
      "image": { "image": "docker.io/library/nginx:latest" },
      "state": "CONTAINER_RUNNING",
      "labels": { "io.kubernetes.container.name": "app" }
    }
  ]
}`,
  containerd: `{
  "info": {
    "pid": 20111,
    "processStatus": "running",
    "netNamespaceClosed": false,
    "image": "registry.k8s.io/pause:3.9",
    "snapshotter": "overlayfs",
    "runtimeHandler": "",
    "runtimeType": "io.containerd.runc.v2",
    "runtimeSpec": {
      "ociVersion": "1.1.0",
      "linux": {
        "namespaces": [
          { "type": "pid" }, { "type": "ipc" }, { "type": "mount" },
          { "type": "network", "path": "${netns}" }
        ]
      }
    },
    "cniResult": { "Interfaces": { "eth0": { "IPConfigs": [{ "IP": "10.244.1.7", "Gateway": "10.244.1.1" }] } } }
  },
  "status": {
    "id": "${sandboxId}",
    "metadata": { "attempt": 0, "name": "shop-7d4b9c", "namespace": "default", "uid": "3e0c" },
    "network": { "additionalIps": [], "ip": "10.244.1.7" },
    "state": "SANDBOX_READY"
  }
}`,
  crio: `{
  "status": {
    "id": "${sandboxId}",
    "metadata": { "attempt": 0, "name": "shop-7d4b9c", "namespace": "default", "uid": "3e0c" },
    "state": "SANDBOX_READY",
    "createdAt": "2025-03-04T12:13:14.151617181Z",
    "network": { "additionalIps": [], "ip": "10.85.0.7" },
    "linux": { "namespaces": { "options": { "ipc": "POD", "network": "POD", "pid": "CONTAINER" } } },
    "runtimeHandler": ""
  },
  "info": {
    "image": "registry.k8s.io/pause:3.10",
    "pid": 20111,
    "runtimeSpec": {
      "ociVersion": "1.2.0",
      "hostname": "shop-7d4b9c",
      "annotations": { "io.kubernetes.cri-o.ContainerType": "sandbox" },
      "linux": {
        "namespaces": [
          { "type": "pid" },
          { "type": "network", "path": "${netns}" },
          { "type": "ipc", "path": "/var/run/ipcns/5a1f0c3e" }
        ]
      }
    }
  }
}`,
};
