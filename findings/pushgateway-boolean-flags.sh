#!/usr/bin/env bash
# Pushgateway 1.11.3: a boolean flag with a value ends the process before it serves.
#
# Most Go programs take --flag=true. Pushgateway's flags are kingpin's, which take --flag and --no-flag alone, so a
# manifest with --web.enable-lifecycle=true does not work with it.
#
# Builds Pushgateway from its Go module in a temporary folder, starts it with each spelling, and prints what it says.
# Exits 0 while it behaves so, 1 when it does not. Needs Go, and the network for its modules.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
go mod init finding 2>/dev/null
go mod edit -require=github.com/prometheus/pushgateway@v1.11.3
go build -mod=mod -o pushgateway github.com/prometheus/pushgateway

# With --version the process ends by itself once its flags are parsed.
check() {
    local expected=$1 flag=$2 status=0 said
    said=$(./pushgateway "$flag" --version 2>&1) || status=$?
    said=$(grep -v '^ ' <<<"$said" | tail -n 1)
    printf '%s: exit status %s: %s\n' "$flag" "$status" "$said"
    [[ "$status $said" == $expected ]]
}

check '1 *unexpected true*' --web.enable-lifecycle=true
check '1 *unexpected false*' --web.enable-lifecycle=false
check '0 *' --web.enable-lifecycle
check '0 *' --no-web.enable-lifecycle
