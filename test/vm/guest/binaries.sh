# Puts the built executable, under all its names, where its calls are quick.
export PLUMBLINE_BIN_DIR=/opt/plumbline/bin
# In memory: each call of a plugin reads its executable again, and a share is slow.
mkdir -p "$PLUMBLINE_BIN_DIR"
mount -t tmpfs -o mode=755 plumbline "$PLUMBLINE_BIN_DIR"
built=dist/bin
[ "${PLUMBLINE_RUNTIME:-node}" = node ] || built=dist/$PLUMBLINE_RUNTIME/bin
cp "$built/plumbline" "$PLUMBLINE_BIN_DIR"
for link in "$built"/*; do ln -f "$PLUMBLINE_BIN_DIR/plumbline" "$PLUMBLINE_BIN_DIR/${link##*/}" 2>/dev/null; done
