# A shell on the serial console, for people; the machine is switched off when it ends.
rows=$(word rows)
columns=$(word columns)
stty -F /dev/ttyS0 sane rows "${rows:-24}" cols "${columns:-80}"
PATH=/checkout/node_modules/.bin:/checkout/.cache/bin:$PATH
TERM=$(word term)
CNI_PATH=/checkout/dist/bin:/usr/lib/cni
PLUMBLINE_TEST_VM=1
export PATH TERM CNI_PATH PLUMBLINE_TEST_VM
cat <<'TEXT'

  A full kernel, in memory: nothing that you change here stays, except in /results (.cache/vm/shell of the checkout).
  /checkout is the checkout, with what was built in dist/bin; two SR-IOV NICs are on one wire.

    ip link; bridge vlan show; echo 2 >/sys/class/net/eth0/device/sriov_numvfs
    node node_modules/.bin/vitest run --project e2e test/e2e/veth-bridge/vlan.test.ts

  "exit" or Ctrl-D switches the machine off; Ctrl-A X does it by force.

TEXT
setsid -c bash -i <>/dev/ttyS0 >&0 2>&1
