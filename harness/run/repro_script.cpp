#include "run/repro_script.hpp"

#include "base/text.hpp"
#include "machine/qemu_argv.hpp"
#include "run/canaries.hpp"
#include "run/need.hpp"

#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace kdt::run {

namespace {

namespace ask = protocol::ask;

/// The marks in braces are filled in; what else is there, the shell reads as it stands.
constexpr std::string_view k_script = R"SH(#!/bin/sh
# The guest of one cell of kdt, in QEMU alone: kdt itself is not needed.
#
#   cell     {{cell}}
#   kernel   {{kernel}}
#
#   ./repro.sh         the whole experiment: boot, probe, load, panic, capture kernel, dump
#   ./repro.sh shell   the same guest with a shell on its console instead; nothing is asked of it
#
# Keys while the guest runs: Ctrl-A X ends it, Ctrl-A C is QEMU's monitor and back, Ctrl-A B a break on the serial line.
# KERNEL=FILE and INITRAMFS=FILE take the place of the cell's own. DUMP=FILE keeps the guest's dump disk there; what else
# it needs lies in a temporary directory that goes with it.
set -eu

kernel={{image}}
initramfs={{initramfs}}
append={{append}}

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
{{disks}}
mkfifo agent.in agent.out # as the guest sees them: its virtio-serial port org.kdt.agent
image_bytes=$(stat -c %s "$kernel")
initramfs_bytes=$(stat -c %s "$initramfs")
time=$(date +%s)

# What the agent in the guest is asked, line by line: in the system kernel, then in the capture kernel.
cat >system.asks <<ASKS
{{system_asks}}
ASKS
cat >capture.asks <<ASKS
{{capture_asks}}
ASKS

say() { printf '\nrepro.sh: %s\n' "$1" >&2; }
ask_next() {
  IFS= read -r ask <&3 || return 0
  name=${ask#*'"ask":"'}
  say "asks the agent: ${name%%\"*}"
  printf '%s\n' "$ask" >&4
  case $name in trigger*) {{after_trigger}} ;; esac
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
{{qemu}} <&6 &
qemu=$!
wait "$qemu"
status=$?
qemu=''
exit $status
)SH";

/// One word in double quotes for the shell, which fills in what stands there as $name.
std::string with_variables(const std::string& word) {
  std::string text = "\"";
  for (char c : word) text += c == '"' || c == '\\' || c == '`' ? fmt::format("\\{}", c) : std::string(1, c);
  return text + "\"";
}

/// A line of a here-document in which the shell fills in $name, but nothing that the cell says.
std::string document_line(const std::string& line) {
  std::string text;
  for (char c : line) text += c == '$' || c == '\\' || c == '`' ? fmt::format("\\{}", c) : std::string(1, c);
  return text;
}

template <class Record>
std::string ask_line(int id, std::string_view name, const Record& arguments) {
  protocol::Json json{{"id", id}, {"ask", name}};
  json.update(protocol::encode(arguments));
  return json.dump();
}

/// What only the script knows is 0 so far: the shell fills it in.
std::string left_to_shell(std::string line, std::initializer_list<std::string_view> names) {
  for (auto name : names) {
    auto empty = fmt::format("\"{}\":0", name);
    auto at = line.find(empty);
    KDT_ASSERT(at != std::string::npos);
    line.replace(at, empty.size(), fmt::format("\"{}\":${}", name, name));
  }
  return line;
}

std::string load_line(int id, const Reproduction& what) {
  return left_to_shell(document_line(ask_line(id, ask::load, load_ask(what.cell.parameters, {}, {}))),
                       {"image_bytes", "initramfs_bytes"});
}

std::string trigger_line(int id, const Reproduction& what, const matrix::Trigger& trigger) {
  auto arguments = trigger_ask(what.cell.parameters, trigger, what.nonce);
  arguments.time = 0;
  return left_to_shell(document_line(ask_line(id, ask::trigger, arguments)), {"time"});
}

std::string system_asks(const Reproduction& what) {
  const auto& parameters = what.cell.parameters;
  std::vector<std::string> lines;
  auto next = [&] { return static_cast<int>(lines.size()) + 1; };
  auto add = [&](std::string_view name, const auto& arguments) {
    lines.push_back(document_line(ask_line(next(), name, arguments)));
  };
  if (what.kernel.no_probe.empty()) add(ask::probe, protocol::Done{});
  if (parameters.shrink) add(ask::resize, protocol::ResizeAsk{.size = parameters.shrink->bytes});
  if (parameters.loader != "none") {
    lines.push_back(load_line(next(), what));
    if (what.kernel.no_probe.empty()) add(ask::probe, protocol::Done{});
    if (what.kernel.no_probe.empty()) add(ask::canaries, protocol::CanariesAsk{.key = canary_key(what.nonce)});
    if (const auto* trigger = what.triggers.find(parameters.trigger))
      lines.push_back(trigger_line(next(), what, *trigger));
  }
  return fmt::format("{}", fmt::join(lines, "\n"));
}

std::string capture_asks(const Reproduction& what) {
  const auto& parameters = what.cell.parameters;
  const auto* trigger = parameters.capture_trigger.empty() ? nullptr : what.triggers.find(parameters.capture_trigger);
  if (trigger != nullptr) return trigger_line(1, what, *trigger);
  auto power_off = document_line(ask_line(2, ask::poweroff, protocol::Done{}));
  if (parameters.dump.target == "ssh") return power_off;
  protocol::SaveTarget target{.kind = parameters.dump.target};
  return document_line(ask_line(1, ask::save, save_ask(parameters.dump, target, what.accelerator))) + "\n" + power_off;
}

/// One for each part of a raw dump, by the names of DumpTarget.
std::vector<machine::Drive> disks(const DumpSettings& dump) {
  std::vector<machine::Drive> disks;
  unsigned count = dump.target == "ssh" ? 0 : dump.target == "raw" ? dump.split : 1;
  for (unsigned part = 1; part <= count; ++part) {
    auto number = part == 1 ? "" : fmt::format("-{}", part);
    disks.push_back({.serial = std::string(protocol::k_serial_dump) + number,
                     .file = fmt::format("dump{}.img", number),
                     .read_only = false});
  }
  return disks;
}

std::string disk_lines(const CellParameters& parameters) {
  if (parameters.dump.target == "ssh")
    return "# The cell's dump went by ssh to a server of kdt's, which is not here: nothing is saved.";
  std::vector<std::string> lines;
  for (const auto& disk : disks(parameters.dump))
    lines.push_back(fmt::format("truncate -s {} {}", dump_disk_size(parameters).bytes, disk.file.string()));
  if (parameters.dump.target == "ext4")
    lines.emplace_back("PATH=$PATH:/usr/sbin:/sbin mke2fs -q -F -t ext4 -m 0 -N 64 dump.img");
  return fmt::format("{}", fmt::join(lines, "\n"));
}

/// What only the person at the keys can do.
std::string after_trigger(const Reproduction& what) {
  for (const auto& name : {what.cell.parameters.trigger, what.cell.parameters.capture_trigger}) {
    const auto* trigger = what.triggers.find(name);
    if (trigger == nullptr || trigger->machine.empty()) continue;
    return trigger->machine == "nmi" ? "say 'now it is your turn: Ctrl-A C, then type: nmi'"
                                     : "say 'now it is your turn: Ctrl-A B, then press c'";
  }
  return ":";
}

/// A line for each option with its value.
std::string qemu_words(const Reproduction& what) {
  constexpr std::string_view k_append = "$append";
  auto spec = machine_spec(what.cell, what.accelerator,
                           {.kernel = "Image", .initramfs = "initramfs", .disks = disks(what.cell.parameters.dump)});
  spec.cmdline = k_append;
  auto argv = machine::qemu_argv(spec, {.console = "stdio,mux=on,signal=off", .agent = "pipe,path=agent"});
  for (const char* word : {"-mon", "chardev=console,mode=readline"}) argv.emplace_back(word);
  std::string text = argv.front();
  for (std::size_t i = 1; i < argv.size(); ++i) {
    bool option = argv[i].starts_with('-') && argv[i - 1] != "-append";
    text += option ? " \\\n  " : " ";
    text += argv[i] == k_append ? with_variables(argv[i]) : shell_quoted(argv[i]);
  }
  return text;
}

/// For a comment: on one line, whatever it holds.
std::string comment(const std::string& text) {
  std::string line = printable(text);
  for (auto& c : line)
    if (c == '\n' || c == '\t') c = ' ';
  return line;
}

} // namespace

std::string repro_script(const Reproduction& what) {
  const auto& kernel = what.kernel;
  auto build_id = kernel.build_id.empty() ? "" : ", build id " + kernel.build_id;
  std::string script(k_script);
  auto put = [&, from = std::size_t{0}](std::string_view name, const std::string& text) mutable {
    auto mark = fmt::format("{{{{{}}}}}", name);
    auto at = script.find(mark, from);
    KDT_ASSERT(at != std::string::npos);
    script.replace(at, mark.size(), text);
    from = at + text.size(); // what was put in is not looked at again
  };
  put("cell", comment(what.cell.id));
  put("kernel", comment(fmt::format("{}, {}{}", kernel.name, kernel.release, build_id)));
  put("image", shell_quoted(kernel.image.string()));
  put("initramfs", shell_quoted(kernel.initramfs.string()));
  put("append", shell_quoted(system_kernel_cmdline(what.cell.parameters)));
  put("disks", disk_lines(what.cell.parameters));
  put("system_asks", system_asks(what));
  put("capture_asks", capture_asks(what));
  put("after_trigger", after_trigger(what));
  put("qemu", qemu_words(what));
  return script;
}

} // namespace kdt::run
