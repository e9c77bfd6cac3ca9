# Measures what the host's kernel may lack: `make bench-vm`. The NIC with functions is the first one.
. test/vm/guest/binaries.sh
PATH=/checkout/node_modules/.bin:$PATH PLUMBLINE_BENCH_PF=eth0 \
  node test/bench/run.ts --rounds 8 --only "$(word only)" --out /results --name vm >/results/output 2>/results/progress
echo "plumbline-vm: the measurements have ended with $?"
