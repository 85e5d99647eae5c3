#!/bin/sh
# A hook of mmdebstrap (harness/image/packaged_kernel.cpp): downloads packages and unpacks them below $1/kdt/tree,
# installing nothing. wanted: the packages to begin with; keep: a regular expression over the names of all that they
# depend on, directly or not.
set -eu
: "${wanted:?}" "${keep:?}"
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
mkdir -p "$1/kdt/tree" "$1/kdt/debs"
cd "$1/kdt/debs"
# shellcheck disable=SC2086 # words of their own
apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances $wanted |
  grep -Ex "$keep" | grep -v -e -unsigned$ | sort -u >../names # the same kernel once more
# The sandbox's user may not write here.
xargs apt-get --option=APT::Sandbox::User=root download <../names
for deb in *.deb; do dpkg-deb --extract "$deb" ../tree; done
ls >../packages
cd ..
rm -rf debs tree/usr/share tree/etc
