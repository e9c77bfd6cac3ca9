#!/bin/sh
# Prepares a fresh Debian tree for those who follow the operator's guide, once: this machine's release, the smallest form,
# with the packages that the guide installs downloaded and not installed, since the guide is followed without a network.
#
#   sh test/e2e/deploy/tree.sh FOLDER PACKAGE...     (root; needs debootstrap, and the mirror that apt is configured with)
set -eu
PATH=$PATH:/usr/sbin:/sbin
LC_ALL=C
export PATH LC_ALL
folder=$1
shift
suite=$(. /etc/os-release && echo "$VERSION_CODENAME")
stamp="$suite $*"

if [ "${PLUMBLINE_TREE:-}" = '' ]; then
  mkdir -p "$folder"
  # One at a time, with mounts of its own.
  PLUMBLINE_TREE=1 exec flock --no-fork "$folder/lock" unshare --mount --propagation private sh "$0" "$folder" "$@"
fi
[ "$(cat "$folder/stamp" 2>/dev/null)" = "$stamp" ] && exit 0
tree=$folder/tree
rm -rf "$folder/stamp" "$tree"

# shellcheck disable=SC2016 # the dollars are apt's
mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
  awk -v suite="$suite" '$3 == "main" && $2 == suite { print $1; exit }')
[ -n "$mirror" ] || { echo "apt is configured with no mirror of Debian $suite" >&2; exit 1; }
eval "$(apt-config shell apt_proxy Acquire::http::Proxy)"
http_proxy=${http_proxy:-${apt_proxy:-}}
debootstrap --variant=minbase "$suite" "$tree" "$mirror"
mount -t proc proc "$tree/proc"
mount --bind /dev "$tree/dev"
in_tree() {
  chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C ${http_proxy:+http_proxy="$http_proxy"} "$@"
}
in_tree apt-get -q update
in_tree apt-get -q install --yes --no-install-recommends --download-only "$@"
echo "$stamp" >"$folder/stamp"
