#!/usr/bin/env bash
# Prometheus 3.16.0: a target is healthy although none of its samples can be stored.
#
# Expected: while Prometheus cannot write to its disk, the API shows that scrapes fail: the target is `down`, or its
#   `lastError` says why.
# Actual: the target is `up` and its `lastError` is empty. Each scrape completes and is then rolled back, with the
#   sample of `up` itself. Queries return the last stored `up`, which is 1, for five minutes. Only the log has the error.
# tidegate: --drain.confirm=stored queries Prometheus for the last push of each group before it deletes the group
#   (operator/tidegate/draining/stored_pushes.py).
#
# Needs Linux, curl, Go, and modules from the Go module proxy. The first build takes some minutes. A limit of the size of
# files (prlimit) stands in for the full disk: no file of Prometheus can grow.
# Exits 0 if the behavior is unchanged, 1 if it has changed, 2 if Prometheus cannot be built or started.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[[ -z $server ]] || { kill -KILL "$server"; wait "$server"; } 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
go mod init finding 2>/dev/null || exit 2
go mod edit -require=github.com/prometheus/prometheus@v0.316.0
go build -mod=mod -tags netgo,remove_all_sd -o prometheus github.com/prometheus/prometheus/cmd/prometheus || exit 2

wait_for() { # a command, until it prints something
    local found=
    for _ in {1..300}; do
        found=$("$@" 2>/dev/null) || true
        [[ -z $found ]] || return 0
        sleep 0.1
    done
    cat log >&2
    exit 2
}
listen_address() { sed -n 's/.*msg="Listening on" component=web address=//p' log; }
api() { curl --silent --fail --noproxy '*' "http://$address/api/v1/$1"; }
field() { api targets | grep --only-matching "\"$1\":\"[^\"]*\"" | head -1; }
stored() { api 'query?query=max(timestamp(up))' | grep --only-matching '[0-9.]*"]' | tr -d '"]'; }
failed() { grep "Scrape commit failed" log | sed -n "$1p"; }

# Its only target is itself, which is added when its port is known.
printf 'global: {scrape_interval: 1s}\nscrape_config_files: [scrape.yml]\n' >prometheus.yml
echo '{}' >scrape.yml
touch log
# Its output is a pipe, because the limit is valid for a log file, too.
./prometheus --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address=127.0.0.1:0 2> >(exec cat >log) &
server=$!
wait_for listen_address
address=$(listen_address)
wait_for curl --silent --fail --noproxy '*' "http://$address/-/ready"
printf 'scrape_configs: [{job_name: self, static_configs: [{targets: ["%s"]}]}]\n' "$address" >scrape.yml
kill -HUP "$server"
wait_for stored

prlimit --pid "$server" --fsize=0
wait_for failed 1
before=$(stored)
wait_for failed 4
after=$(stored)
new=$([[ $before == "$after" ]] && echo none || echo some)
seen="$(field health) $(field lastError) $new"
echo 'version: Prometheus 3.16.0'
echo 'expected: "health":"down", or an error in "lastError"'
echo "actual: $(field health), $(field lastError); new samples of three more scrapes: $new"
[[ $seen == '"health":"up" "lastError":"" none' ]]
