#!/usr/bin/env bash
# The unit tests of the driver (lab/test_*.py); Debian's Python has no rules here.
set -euo pipefail
cd "$(dirname "$0")"
export PYTHONDONTWRITEBYTECODE=1
exec python3 -m unittest discover --start-directory lab --top-level-directory . --pattern 'test_*.py'
