#!/usr/bin/env bash
# Pushgateway 1.11.3: a boolean flag with a value ends the process before it serves.
#
# Expected: --flag=true and --flag=false switch a flag on and off, as in most programs written in Go.
# Actual: Pushgateway's flags are those of kingpin, which accept only --flag and --no-flag. With a value, the process
#   exits with status 1, so a manifest with --web.enable-lifecycle=true does not work.
# tidegate: its boolean flags accept both forms, --flag=false and --no-flag (operator/tidegate/cli/click_commands.py).
#
# Needs Go and modules from the Go module proxy. The first build takes up to a minute.
# Exits 0 if the behavior is unchanged, 1 if it has changed, 2 if Pushgateway cannot be built.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
go mod init finding 2>/dev/null || exit 2
go mod edit -require=github.com/prometheus/pushgateway@v1.11.3
go build -mod=mod -o pushgateway github.com/prometheus/pushgateway || exit 2

# With --version the process ends by itself once its flags are parsed.
run() {
    local status=0 output
    output=$(./pushgateway "$1" --version 2>&1) || status=$?
    printf '%s: status %s%s' "$1" "$status" "$(sed -n 's/.*error: \([^,]*\).*/, \1/p' <<<"$output")"
}

seen=()
for flag in --web.enable-lifecycle={true,false} --{,no-}web.enable-lifecycle; do
    seen+=("$(run "$flag")")
done
echo 'version: Pushgateway 1.11.3'
echo 'expected: status 0 for each spelling'
printf 'actual: %s\n' "${seen[@]}"
[[ "${seen[*]}" == '--web.enable-lifecycle=true: status 1, unexpected true'\
' --web.enable-lifecycle=false: status 1, unexpected false'\
' --web.enable-lifecycle: status 0 --no-web.enable-lifecycle: status 0' ]]
