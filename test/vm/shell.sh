#!/bin/sh
# An interactive shell in the virtual machine, on its serial console: `make vm-shell`.
set -eu
cd "$(dirname "$0")/../.."
sh test/vm/prepare.sh
mkdir -p .cache/vm/shell
size=$(stty size 2>/dev/null || echo '24 80')
exec sh test/vm/qemu.sh shell "$PWD/.cache/vm/shell" -- \
  "plumbline.rows=${size% *}" "plumbline.columns=${size#* }" "plumbline.term=${TERM:-dumb}"
