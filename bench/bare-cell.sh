#!/bin/sh
# What kdt is measured against: a kdump test as one writes it by hand, QEMU and a shell, with the same kernel, the same
# tools and the same work in the guest (bench/bare-init.sh), and the dump put together afterwards.
#
#   bench/bare-cell.sh IMAGE INITRAMFS MEMORY CRASHKERNEL DIRECTORY
#
# INITRAMFS holds bare-init.sh as its /init. Exit status 0 when the dump was saved and put together.
# ACCEL=tcg,thread=multi and DRIVE=cache=unsafe are QEMU's settings of the guest, APPEND more words for the system kernel.
set -eu
image=$1 initramfs=$2 memory=$3 crashkernel=$4 directory=$5

cd "$directory"
rm -f dump.img vmcore # of an earlier round
truncate -s "$memory" dump.img
qemu-system-aarch64 -nodefaults -no-user-config -display none -no-reboot \
  -machine virt,gic-version=3,memory-backend=ram -accel "${ACCEL:-tcg,thread=multi}" -cpu cortex-a57 -smp 2 \
  -m "$memory" -object "memory-backend-ram,id=ram,size=$memory,reserve=off" \
  -kernel "$image" -initrd "$initramfs" -serial stdio \
  -append "console=ttyAMA0 panic=1 crashkernel=$crashkernel${APPEND:+ $APPEND}" \
  -drive "if=none,id=dump,format=raw,file=dump.img,${DRIVE:-cache=unsafe}" \
  -device virtio-blk-pci,drive=dump,serial=dump \
  -drive "if=none,id=image,format=raw,file=$image,readonly=on" -device virtio-blk-pci,drive=image,serial=image \
  -drive "if=none,id=initramfs,format=raw,file=$initramfs,readonly=on" \
  -device virtio-blk-pci,drive=initramfs,serial=initramfs >console.log
grep -q '^bare: saved 0' console.log
makedumpfile -R vmcore <dump.img >makedumpfile.log
