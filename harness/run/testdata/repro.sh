#!/bin/sh
# The guest of one cell of kdt, in QEMU alone: kdt itself is not needed.
#
#   cell     kernel=v6.1-dma/rodata=full
#   kernel   v6.1-dma, 6.1.176-v6.1-dma, build id 0123abcd
#
#   ./repro.sh         the whole experiment: boot, probe, load, panic, capture kernel, dump
#   ./repro.sh shell   the same guest with a shell on its console instead; nothing is asked of it
#
# Keys while the guest runs: Ctrl-A X ends it, Ctrl-A C is QEMU's monitor and back, Ctrl-A B a break on the serial line.
# KERNEL=FILE and INITRAMFS=FILE take the place of the cell's own. DUMP=FILE keeps the guest's dump disk there; what else
# it needs lies in a temporary directory that goes with it.
set -eu

kernel=/cache/kernel/Image
initramfs=/cache/guest/initramfs.cpio
append='console=ttyAMA0 panic=1 crashkernel=256M rodata=full'

complain() {
  echo "repro.sh: $1" >&2
  exit 2
}
case ${1:-} in
  '') ;;
  shell) append="$append kdt.shell" ;;
  *) complain "'$1' is unknown: say shell, or nothing" ;;
esac
command -v qemu-system-aarch64 >/dev/null || complain "qemu-system-aarch64 is missing: apt-get install qemu-system-arm"
here=$(dirname "$(readlink -f "$0")")
if [ -r "$here/images/Image" ]; then # a bundle that was unpacked
  kernel=$here/images/Image
  initramfs=$here/images/initramfs.cpio
fi
kernel=${KERNEL:-$kernel}
initramfs=${INITRAMFS:-$initramfs}
for file in "$kernel" "$initramfs"; do
  [ -r "$file" ] || complain "$file is gone: './kdt repro' of this directory makes it again; KERNEL= and INITRAMFS= name others"
done
kernel=$(readlink -f "$kernel")
initramfs=$(readlink -f "$initramfs")
dump=$(readlink -f "${DUMP:-/dev/null}")

work=$(mktemp -d)
driver='' qemu=''
clean_up() {
  [ -z "$qemu" ] || kill "$qemu" 2>/dev/null || :
  [ -z "$driver" ] || kill "$driver" 2>/dev/null || :
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# QEMU is told names in that directory: no path needs its syntax.
cd "$work"
ln -s "$kernel" Image
ln -s "$initramfs" initramfs
[ -z "${DUMP:-}" ] || ln -s "$dump" dump.img
truncate -s 2684354560 dump.img
mkfifo agent.in agent.out # as the guest sees them: its virtio-serial port org.kdt.agent
image_bytes=$(stat -c %s "$kernel")
initramfs_bytes=$(stat -c %s "$initramfs")
time=$(date +%s)

# What the agent in the guest is asked, line by line: in the system kernel, then in the capture kernel.
cat >system.asks <<ASKS
{"id":1,"ask":"probe"}
{"id":2,"ask":"load","loader":"kexec_file_load","cmdline":"console=ttyAMA0 panic=1 maxcpus=1 reset_devices","image_bytes":$image_bytes,"initramfs_bytes":$initramfs_bytes,"operations":["kexec_file_load"]}
{"id":3,"ask":"probe"}
{"id":4,"ask":"canaries","key":13539904550759377816}
{"id":5,"ask":"trigger","name":"sysrq-c","nonce":"00c0ffee","time":$time,"settings":[],"loads":[],"steps":[{"act":"write","file":"/proc/sysrq-trigger","text":"c"}]}
ASKS
cat >capture.asks <<ASKS
{"id":1,"ask":"save","target":{"serial":"kdt-dump","kind":"raw"},"filter":31,"compression":"lzo","format":"flattened","threads":0,"split":1,"emulated":true}
{"id":2,"ask":"poweroff"}
ASKS

say() { printf '\nrepro.sh: %s\n' "$1" >&2; }
ask_next() {
  IFS= read -r ask <&3 || return 0
  name=${ask#*'"ask":"'}
  say "asks the agent: ${name%%\"*}"
  printf '%s\n' "$ask" >&4
  case $name in trigger*) : ;; esac
}
drive() {
  exec 4<>agent.in 5<>agent.out
  while IFS= read -r line <&5; do
    case $line in
      *'"event":"progress"'*) ;;
      *'"event":"hello"'*'"role":"capture"'*) exec 3<capture.asks; ask_next ;;
      *'"event":"hello"'*) exec 3<system.asks; ask_next ;;
      *'"answer":'*) ask_next ;;
      *) say "the agent says: $line" ;;
    esac
  done
}
if [ $# -eq 0 ]; then
  drive &
  driver=$!
fi

# In the background, so that a signal to this script ends the guest, too; with the terminal all the same.
exec 6<&0
set +e
qemu-system-aarch64 \
  -name guest=kdt-kernel=v6.1-dma_rodata=full \
  -nodefaults \
  -no-user-config \
  -display none \
  -no-reboot \
  -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny \
  -machine virt,gic-version=3,memory-backend=ram \
  -accel tcg,thread=single \
  -cpu cortex-a57 \
  -smp 2 \
  -m 2147483648B \
  -object memory-backend-ram,id=ram,size=2147483648,reserve=off \
  -kernel Image \
  -initrd initramfs \
  -append "$append" \
  -chardev stdio,id=console,mux=on,signal=off \
  -serial chardev:console \
  -chardev pipe,id=agent,path=agent \
  -device virtio-serial-pci \
  -device virtserialport,chardev=agent,name=org.kdt.agent \
  -drive if=none,id=drive0,format=raw,cache=unsafe,werror=stop,rerror=stop,file=dump.img \
  -device virtio-blk-pci,drive=drive0,serial=kdt-dump \
  -drive if=none,id=drive1,format=raw,cache=unsafe,werror=stop,rerror=stop,file=Image,readonly=on \
  -device virtio-blk-pci,drive=drive1,serial=kdt-image \
  -drive if=none,id=drive2,format=raw,cache=unsafe,werror=stop,rerror=stop,file=initramfs,readonly=on \
  -device virtio-blk-pci,drive=drive2,serial=kdt-initramfs \
  -mon chardev=console,mode=readline <&6 &
qemu=$!
wait "$qemu"
status=$?
qemu=''
exit $status
