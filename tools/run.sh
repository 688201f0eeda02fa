#!/usr/bin/env bash
# Builds Hearth optimised and starts it on :9090 with an example configuration: it scrapes itself, and a node exporter where one
# listens on :9100. Arguments are handed on to the server (they come last, so they win).
set -euo pipefail
cd "$(dirname "$0")/.."

tools/setup.sh
echo "Building Hearth; the first time takes some minutes."
bazel build --config=opt --ui_event_filters=-info --show_progress_rate_limit=10 //server:hearth

data=${HEARTH_DATA:-data}
mkdir -p "$data"
config=$data/example.yml
cat >"$config" <<'YAML'
global:
  scrape_interval: 15s
scrape_configs:
  - job_name: hearth
    scrape_interval: 5s
    static_configs:
      - targets: ['localhost:9090']
YAML
if (exec 3<>/dev/tcp/127.0.0.1/9100) 2>/dev/null; then
  cat >>"$config" <<'YAML'
  - job_name: node
    static_configs:
      - targets: ['localhost:9100']
YAML
fi

echo "Hearth listens on http://localhost:9090 and keeps its data in $data; Ctrl-C stops it."
exec bazel-bin/server/hearth --config.file="$config" --storage.tsdb.path="$data" --web.listen-address=127.0.0.1:9090 \
  --web.enable-lifecycle "$@"
