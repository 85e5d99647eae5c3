# shellcheck shell=bash disable=SC2154
# How ./kdt and scripts/test build. Sourced; expects $here (the source tree) and $build (where the builds go).

say() { printf 'kdt: %s\n' "$*" >&2; }
die() { say "$*"; exit 2; }

# lock NAME: one process at a time does NAME in this build directory; the kernel drops the lock with its holder.
lock() {
  if ! mkdir -p -- "$build" 2>/dev/null || ! { exec {lock_fd}>"$build/.lock-$1"; } 2>/dev/null; then
    die "cannot write to $build, where kdt is built: make it writable, or name another directory in KDT_BUILD_DIR"
  fi
  flock -n "$lock_fd" && return
  say "another kdt is building in $build: waiting for it"
  flock "$lock_fd"
}
unlock() { exec {lock_fd}>&-; }

# build_failed LOG: shows the first errors of a build, and ends.
build_failed() {
  grep -m 1 -A 24 -E '(error:|Error |^FAILED|CMake Error)' -- "$1" >&2 || tail -n 25 -- "$1" >&2
  die "the build failed; all of its output is in $1"
}

# configure PRESET [OPTION…]: only when there is no build of it yet, or CMakePresets.json changed since.
configure() {
  local preset=$1 dir=$build/$1 log=$build/$1-cmake.log
  shift
  # A tree that was moved or copied with its build directory starts over.
  if [ -f "$dir/CMakeCache.txt" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$here" "$dir/CMakeCache.txt"; then
    rm -rf -- "$dir"
  fi
  [ "$dir/build.ninja" -nt "$here/CMakePresets.json" ] && return
  # Afresh: what a preset says no more does not linger, and its compiler may be another one.
  (cd -- "$here" && cmake --fresh --preset "$preset" -B "$dir" "$@") >"$log" 2>&1 || build_failed "$log"
}

# compile PRESET WHAT TARGET…: ninja's output goes to a log; a terminal sees how far it is. A signal ends all of it.
compile() {
  local dir=$build/$1 log=$build/$1-ninja.log what=$2 line told='' steps='' ninja status=0
  shift 2
  # A background process would ignore Ctrl-C, and so would its compilers, if env did not undo that.
  exec {lines}< <(exec env --default-signal=INT,QUIT NINJA_STATUS='[%f/%t] ' ninja -C "$dir" "$@" 2>&1)
  ninja=$!
  trap 'kill -TERM "$ninja" 2>/dev/null || true; wait "$ninja" || true; exit 130' INT TERM HUP
  : >"$log"
  # A second without a line (status above 128, line empty) is told too: the first compiler may take several.
  while IFS= read -r -t 1 line <&"$lines" || [ $? -gt 128 ]; do
    [ -z "$line" ] || printf '%s\n' "$line" >>"$log"
    if [[ $line =~ ^\[[0-9]+/[0-9]+\] ]]; then steps=${BASH_REMATCH[0]}
    elif [ -n "$line" ]; then continue; fi
    if [ -t 2 ]; then printf '\rkdt: building %s… %s ' "$what" "$steps" >&2
    elif [ -z "$told" ]; then say "building $what…"; fi
    told=yes
  done
  exec {lines}<&-
  [ -z "$told" ] || [ ! -t 2 ] || printf '\r\033[K' >&2
  wait "$ninja" || status=$?
  trap - INT TERM HUP
  [ "$status" = 0 ] || build_failed "$log"
}
