# Measures what the host's kernel may lack: `make bench-vm`. The NIC with functions is the first one.
mkdir -p /opt/plumbline
mount -t tmpfs -o mode=755 plumbline /opt/plumbline
cp dist/bin/plumbline /opt/plumbline/plumbline
for link in dist/bin/*; do ln -f /opt/plumbline/plumbline "/opt/plumbline/${link##*/}" 2>/dev/null; done
PATH=/checkout/node_modules/.bin:$PATH PLUMBLINE_BIN_DIR=/opt/plumbline PLUMBLINE_BENCH_PF=eth0 \
  node test/bench/run.ts --rounds 8 --only "$(word only)" --out /results --name vm >/results/output 2>/results/progress
echo "plumbline-vm: the measurements have ended with $?"
