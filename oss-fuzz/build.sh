#!/bin/bash -eu
exec bash -eux "$SRC/sluice/scripts/lib/ossfuzz_build.sh"
