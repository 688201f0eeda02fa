#!/usr/bin/env bash
# Installs what building and running Hearth needs, from Debian 12's packages. Silent when there is nothing to do.
#
#   tools/setup.sh         building and running
#   tools/setup.sh test    also what the tests use: peers, exporters, clang
set -euo pipefail

build=(
  bazel-bootstrap bazel-platforms bazel-rules-java ca-certificates g++ git
  libabsl-dev libboost1.81-dev libbz2-dev libc-ares-dev libcli11-dev libdeflate-dev libfmt-dev
  libgrpc++-dev libisal-dev libjemalloc-dev liblz4-dev libprotobuf-dev libprotozero-dev libre2-dev
  librocksdb-dev libsnappy-dev libspdlog-dev libssl-dev libxxhash-dev libyaml-cpp-dev libzstd-dev
  nlohmann-json3-dev protobuf-compiler protobuf-compiler-grpc python3 zlib1g-dev
  # The test libraries belong to `bazel build //...`.
  libbenchmark-dev libgmock-dev libgtest-dev
)
peers=(
  clang-14 clang-format-14 libclang-rt-14-dev curl
  prometheus victoria-metrics prometheus-alertmanager
  prometheus-node-exporter prometheus-redis-exporter prometheus-postgres-exporter prometheus-blackbox-exporter
  redis-server postgresql dnsmasq-base
)

wanted=("${build[@]}")
[[ "${1:-}" == test ]] && wanted+=("${peers[@]}")

missing=()
for package in "${wanted[@]}"; do
  [[ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || { echo "setup: missing ${missing[*]}; run this as root or install sudo" >&2; exit 1; }
  as_root=(sudo)
fi

# The peers' packages would start their services (Prometheus on :9090); tests start their own.
policy=/usr/sbin/policy-rc.d
remove_policy() { "${as_root[@]}" rm -f "$policy"; }
if [[ ! -e $policy ]]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod +x "$policy"
  trap remove_policy EXIT
fi

echo "setup: installing ${#missing[@]} packages"
log=$(mktemp)
if ! { "${as_root[@]}" apt-get update &&
       "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  echo "setup: apt-get failed; the whole log is in $log" >&2
  exit 1
fi
rm -f "$log"
