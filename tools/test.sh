#!/usr/bin/env bash
# The one command that tests everything: installs what is missing, builds, runs every test, and ends with
# "N passed, N failed, N skipped", counted by test case. Skipped cases are named with their reason.
set -uo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh test || exit 1
# Upstream's data files; the tests that use them skip without it.
shared=${HEARTH_SHARED:-../shared}
[[ -d $shared ]] && HEARTH_SHARED=$(cd "$shared" && pwd) && export HEARTH_SHARED

# System headers are no Bazel inputs: their package versions are part of every action's key instead.
versions=$(dpkg-query -W -f '${Package}=${Version}\n' 'lib*-dev' g++ 2>/dev/null | sha256sum | cut -c1-16)
rm -rf bazel-testlogs/*/ 2>/dev/null
bazel test --action_env=HEARTH_PACKAGES="$versions" --keep_going --test_summary=terse --show_progress_rate_limit=30 \
  --ui_event_filters=-info //... "$@"
status=$?
tools/count_tests.py bazel-testlogs "$status"
