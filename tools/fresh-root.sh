#!/usr/bin/env bash
# Makes a clean Debian 12 root, clones this repository into it and runs a command there.
#
#   tools/fresh-root.sh tools/test.sh
#   tools/fresh-root.sh --keep /tmp/root tools/run.sh      keeps the root for a second look
#   tools/fresh-root.sh --then 'COMMAND' tools/run.sh      starts tools/run.sh in the background, waits until :9090 answers, runs
#                                                          COMMAND outside the root in the same network, stops what it started
# With --then everything after the installation happens in a network namespace of its own, so a server outside is not disturbed.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)

root='' keep=no then_command=''
while [[ ${1:-} == --* ]]; do
  case $1 in
    --keep) root=$2 keep=yes; shift 2 ;;
    --then) then_command=$2; shift 2 ;;
    *) echo "fresh-root: unknown option $1" >&2; exit 2 ;;
  esac
done
(($#)) || { echo "usage: tools/fresh-root.sh [--keep DIR] [--then COMMAND] COMMAND [ARGUMENT…]" >&2; exit 2; }
((EUID == 0)) || { echo "fresh-root: needs root for debootstrap and chroot" >&2; exit 1; }
command -v debootstrap >/dev/null || apt-get install -y --no-install-recommends debootstrap >/dev/null
[[ -n $root ]] || root=$(mktemp -d /var/tmp/hearth-root.XXXXXX)

unmount_all() {
  # /dev is a shared bind mount: make it a slave first, or unmounting would reach the outside.
  for point in dev sys proc; do
    if mountpoint -q "$root/$point"; then
      mount --make-rslave "$root/$point"
      umount -R "$root/$point" 2>/dev/null || umount -R -l "$root/$point"
    fi
  done
}
finish() {
  local status=$?
  [[ -x $root/usr/bin/bazel ]] && chroot "$root" bash -c 'cd /hearth/hearth && bazel shutdown' >/dev/null 2>&1
  unmount_all
  [[ $keep == yes ]] || rm -rf --one-file-system "$root"
  exit "$status"
}
trap finish EXIT

if [[ ! -x $root/bin/bash ]]; then
  echo "fresh-root: debootstrap into $root"
  debootstrap --variant=minbase bookworm "$root" >"$root.log" 2>&1 ||
    { tail "$root.log" >&2; exit 1; }
  rm -f "$root.log"
fi
cp /etc/resolv.conf /etc/hosts "$root/etc/"
# How this machine reaches its packages (mirrors, proxies) is this machine's business: hand it on.
cp -a /etc/apt/sources.list* /etc/apt/apt.conf.d "$root/etc/apt/" 2>/dev/null || true
cp -a /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/" 2>/dev/null || true

mount -t proc proc "$root/proc"
mount -t sysfs sys "$root/sys"
mount --rbind /dev "$root/dev"

rm -rf "$root/hearth/hearth"
mkdir -p "$root/hearth"
git clone -q "$here" "$root/hearth/hearth"
if [[ -d ${HEARTH_SHARED:-$here/../shared} ]]; then
  rm -rf "$root/hearth/shared"
  cp -r "${HEARTH_SHARED:-$here/../shared}" "$root/hearth/shared"
fi

inside() {
  chroot "$root" /usr/bin/env -i HOME=/root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
    CI="${CI:-}" http_proxy="${http_proxy:-}" https_proxy="${https_proxy:-}" bash -c 'cd /hearth/hearth && exec "$@"' bash "$@"
}

if [[ -z $then_command ]]; then
  inside "$@"
  exit
fi

# Packages need the outside; the rest runs with a loopback of its own.
inside tools/setup.sh
export -f inside
export root then_command
unshare --net bash -euo pipefail -c '
  ip link set lo up
  inside "$@" &
  server=$!
  deadline=$((SECONDS + 1800))
  until (exec 3<>/dev/tcp/127.0.0.1/9090) 2>/dev/null; do
    kill -0 "$server" 2>/dev/null || { wait "$server"; exit 1; }
    ((SECONDS < deadline)) || { echo "fresh-root: nothing listens on :9090 after 30 minutes" >&2; exit 1; }
    sleep 1
  done
  status=0
  bash -c "$then_command" || status=$?
  pkill -TERM -P "$server" 2>/dev/null || kill -TERM "$server" || true
  wait "$server" || true
  exit "$status"
' bash "$@"
