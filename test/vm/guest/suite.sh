# Runs the test files that the host has named, and tells it the results: see lab/events.ts.
set -a
. /results/environment
PLUMBLINE_TEST_VM=1
PATH=/checkout/node_modules/.bin:$PATH
NO_COLOR=1
set +a

# What costs an emulated processor most is page faults, and Node's start is five thousand of them: more pages at a time.
echo always >/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled
mount -t debugfs debugfs /sys/kernel/debug
echo 262144 >/sys/kernel/debug/fault_around_bytes

. test/vm/guest/binaries.sh

# One worker that keeps what it has loaded: there is one processor, and loading costs seconds.
# shellcheck disable=SC2046 # a list of files without spaces in their names
node node_modules/vitest/vitest.mjs run --config test/vm/guest/vitest.config.ts --project e2e \
  --maxWorkers=1 --no-isolate $(cat /results/files)
echo "plumbline-vm: vitest has ended with $?"
