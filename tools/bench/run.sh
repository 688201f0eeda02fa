#!/usr/bin/env bash
# Builds Hearth and the load generators optimised and measures Hearth beside Prometheus and VictoriaMetrics.
# Arguments go to the driver: `tools/bench/run.sh --help`. See docs/performance.md.
set -euo pipefail
cd "$(dirname "$0")/../.."

case " $* " in
  *" --help "* | *" -h "* | *" --list "* | *" --compare "*) ;;
  *)
    # BAZEL: another command with the same arguments, for a machine that shares its cores.
    ${BAZEL:-bazel} build --config=opt --ui_event_filters=-info --noshow_progress \
      //server:hearth //tools/bench:push //tools/bench:targets
    # Where the build put them; a later build with another configuration does not change what is measured.
    out=$(readlink -f bazel-bin)
    export HEARTH_BIN=${HEARTH_BIN:-$out/server/hearth}
    export BENCH_PUSH_BIN=${BENCH_PUSH_BIN:-$out/tools/bench/push}
    export BENCH_TARGETS_BIN=${BENCH_TARGETS_BIN:-$out/tools/bench/targets}
    ;;
esac

export PYTHONDONTWRITEBYTECODE=1
cd tools/bench && exec python3 -m lab.main "$@"
