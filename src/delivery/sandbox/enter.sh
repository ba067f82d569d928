#!/bin/sh
# First process of the "namespaces" level: runs as root of fresh mount, pid, network, ipc and uts namespaces, builds a root directory that
# holds only what the plan names, moves into it, and stays as process 1, so that its end takes every process along.
#
#   enter.sh PLAN... -- PROGRAM...        the program is expected to drop privileges itself (tail.ts)
#   PLAN:  ro SOURCE TARGET | rw SOURCE TARGET | link TEXT PATH | text TEXT PATH | tmpfs BYTES MODE PATH | dev | proc | lo
#
# The new root is built over /sys, the one directory in which nobody keeps anything to bind. Whatever fails here ends with 125 before
# the program has signalled on descriptor 3 that it started, which is how the caller tells a broken machine from a failing program.
set -eu
umask 022
root=/sys

fail() {
  echo "sandbox: $*" >&2
  exit 125
}

bind() { # mode source target
  if [ -d "$2" ]; then
    mkdir -p "$root$3"
  else
    mkdir -p "$root${3%/*}"
    # a bound file may already lie over the one of an outer bind
    [ -e "$root$3" ] || : >"$root$3" || fail "no place for $3"
  fi
  mount --bind "$2" "$root$3" 2>/dev/null || mount --rbind "$2" "$root$3" || fail "cannot bind $3"
  flags=nosuid,nodev
  [ "$1" = ro ] && flags=ro,$flags
  mount -o "remount,bind,$flags" "$root$3" 2>/dev/null || mount -o "remount,bind,$flags,noexec" "$root$3" || fail "cannot protect $3"
}

devices() {
  mkdir -p "$root/dev"
  mount -t tmpfs -o mode=0755,size=65536,nosuid,noexec slipway "$root/dev"
  for name in null zero full random urandom; do
    : >"$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name" || fail "cannot bind /dev/$name"
  done
  ln -s /proc/self/fd "$root/dev/fd"
  ln -s /proc/self/fd/0 "$root/dev/stdin"
  ln -s /proc/self/fd/1 "$root/dev/stdout"
  ln -s /proc/self/fd/2 "$root/dev/stderr"
  mkdir "$root/dev/shm"
  mount -t tmpfs -o mode=1777,size=67108864,nosuid,nodev,noexec slipway "$root/dev/shm"
}

# Brings up 127.0.0.1 without any package: a sysfs mounted here belongs to the new network namespace, and its flags can be written.
loopback() {
  if mount -t sysfs slipway /sys 2>/dev/null; then
    echo 0x9 2>/dev/null >/sys/class/net/lo/flags && up=yes || up=no
    umount /sys
    [ "$up" = yes ] && return 0
  fi
  ip link set lo up 2>/dev/null || ifconfig lo up 2>/dev/null || fail "cannot bring up 127.0.0.1"
}

[ "$1" = lo ] && { loopback; shift; }

mount -t tmpfs -o mode=0755,size=1048576,nosuid,nodev slipway "$root" || fail "cannot mount a private root"

while [ "$1" != "--" ]; do
  case "$1" in
    ro | rw) bind "$1" "$2" "$3"; shift 3 ;;
    link) mkdir -p "$root${3%/*}"; ln -s "$2" "$root$3"; shift 3 ;;
    text) mkdir -p "$root${3%/*}"; printf '%s' "$2" >"$root$3"; shift 3 ;;
    tmpfs)
      mkdir -p "$root$4"
      mount -t tmpfs -o "mode=$3,size=$2,nosuid,nodev" slipway "$root$4"
      shift 4
      ;;
    dev) devices; shift ;;
    proc)
      mkdir -p "$root/proc"
      mount -t proc -o nosuid,nodev,noexec slipway "$root/proc" || fail "cannot mount /proc"
      shift
      ;;
    *) fail "unknown step $1" ;;
  esac
done
shift

mkdir "$root/.old"
cd "$root"
pivot_root . .old || fail "cannot change the root"
cd /
umount -l /.old
rmdir /.old
mount -o remount,bind,ro,nosuid,nodev / || fail "cannot protect the root"

set +e
"$@"
exit $?
