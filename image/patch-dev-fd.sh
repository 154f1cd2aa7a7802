#!/bin/sh
# Process substitution on Lambda: `< <(…)`, `> >(…)`, `diff <(…) <(…)`.
#
# Lambda's /dev has no fd, where bash looks for the pipes of process substitution. A loop that reads from one does not run
# even once, and the script goes on and passes. This puts a link to /proc/self/fd at a path as long as /dev/fd, and that path
# into the program. Run it as root while an image is built, after everything is installed. It fails if it had no effect.
#
# usage: patch-dev-fd.sh [PROGRAM…]    (every bash in PATH and /bin, unless programs are named)
set -eu
export LC_ALL=C

[ "$(readlink /opt/fd || true)" = /proc/self/fd ] || ln -s /proc/self/fd /opt/fd

fail() {
  echo "patch-dev-fd.sh: $*" >&2
  exit 1
}

# Where the program expects the pipe of a process substitution, such as /dev/fd/63.
pipe_of() { "$1" -c 'echo <(:)' || true; }

patch() {
  case $(pipe_of "$1") in
    /dev/fd/*) ;;
    /proc/self/fd/* | /opt/fd/*) return ;;
    *) fail "$1 has no process substitution" ;;
  esac
  # A running program cannot be written to, but replaced.
  cp -p "$1" "$1.patched"
  sed 's#/dev/fd\([/\x00]\)#/opt/fd\1#g' "$1" >"$1.patched"
  [ "$(wc -c <"$1")" = "$(wc -c <"$1.patched")" ] || fail "the size of $1 has changed"
  case $(pipe_of "$1.patched") in
    /opt/fd/*) mv "$1.patched" "$1" ;;
    *) fail "$1 still uses /dev/fd: its build is not understood here" ;;
  esac
}

if [ $# -eq 0 ]; then
  for directory in $(echo "$PATH:/bin" | tr : ' '); do
    [ ! -x "$directory/bash" ] || set -- "$@" "$directory/bash"
  done
fi
[ $# -gt 0 ] || fail 'there is no bash to patch'

for program in "$@"; do
  path=$(readlink -f "$program") && [ -f "$path" ] || fail "there is no $program"
  patch "$path"
  [ "$("$path" -c 'while read -r line; do echo "$line"; done < <(echo works)')" = works ] ||
    fail "process substitution does not work in $path"
  echo "$path: process substitution by $(pipe_of "$path")"
done
