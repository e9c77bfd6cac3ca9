#!/bin/sh
# Measures in the virtual machine, and puts the tables beside those of the host: `make bench-vm`.
#
#   sh test/vm/bench.sh PATTERN
#
# PATTERN says which scenarios, by plugin and title. Times in an emulated processor are ten times as long as on a real
# one; their ratios are what counts.
set -eu
cd "$(dirname "$0")/../.."
sh test/vm/prepare.sh
results=$PWD/.cache/vm/bench
mkdir -p "$results"
rm -f "$results"/*
timeout 3600 sh test/vm/qemu.sh bench "$results" -- "plumbline.only=$1" </dev/null
if [ ! -s "$results/vm.md" ]; then
  cat "$results/progress" >&2
  exit 1
fi
cp "$results/vm.md" "$results/vm.json" test/bench/results/
cat "$results/vm.md"
