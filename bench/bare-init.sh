#!/bin/busybox sh
# PID 1 of both kernels under bench/bare-cell.sh: probes, loads, probes, panics; then saves the dump and powers off.
# shellcheck shell=dash
# @SAVE@ becomes makedumpfile with its options (and what its environment shall have in front), @CAPTURE@ the capture
# kernel's command line.
/bin/busybox mkdir -p /applets
/bin/busybox --install -s /applets
export PATH=/bin:/sbin:/applets
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
date -s @86400 >/dev/null 2>&1 # no clock: makedumpfile 1.7.2 takes a CRASHTIME=0, a panic in the first second, for no time at all
exec </dev/console >/dev/console 2>&1
for disk in /sys/block/*; do
  case $(cat "$disk/serial" 2>/dev/null) in
  dump) dump=/dev/${disk##*/} ;;
  image) image=/dev/${disk##*/} ;;
  initramfs) initramfs=/dev/${disk##*/} ;;
  esac
done
up() { read -r seconds _ </proc/uptime; }

if [ -e /proc/vmcore ]; then
  up
  echo "bare: capture kernel up at $seconds"
  # shellcheck disable=SC2154 # of the loop above
  @SAVE@ -F /proc/vmcore >"$dump"
  status=$?
  sync
  up
  echo "bare: saved $status at $seconds"
  poweroff -f
fi

probe() {
  cat /proc/kdt_probe/linear_map >/dev/null
  while IFS= read -r line; do
    case $line in *'Crash kernel'*) ;; *) continue ;; esac
    range=${line%% :*}
    range=${range# }
    range=${range# }
    printf '0x%s 0x%x' "${range%-*}" $((0x${range#*-} + 1)) >/proc/kdt_probe/range
    cat /proc/kdt_probe/map /proc/kdt_probe/store >/dev/null
  done </proc/iomem
}
up
echo "bare: system kernel up at $seconds"
insmod /kdt_probe.ko
probe
# shellcheck disable=SC2154
dd if="$image" of=/Image bs=1M 2>/dev/null
# shellcheck disable=SC2154
dd if="$initramfs" of=/initramfs bs=1M 2>/dev/null
kexec -s -p /Image --initrd=/initramfs --append='@CAPTURE@'
echo "bare: loaded $?"
probe
up
echo "bare: panics at $seconds"
echo 1 >/proc/sys/kernel/sysrq
echo c >/proc/sysrq-trigger
