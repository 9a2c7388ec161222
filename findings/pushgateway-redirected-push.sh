#!/usr/bin/env bash
# Pushgateway 1.11.3: a push that follows a redirect lands in another group if a label value has an escaped character.
#
# Expected: a path with a doubled slash, as from the base URL http://pushgateway:9091/ with a slash at its end, is
#   redirected to the same path without it. A client that follows the redirect pushes to the group that it has named.
# Actual: the path in the Location header is escaped twice (`a%20b` becomes `a%2520b`). The client gets 200, and its
#   metrics are in a group whose label value is `a%20b`. A later push or deletion without the extra slash misses it.
# tidegate: the path of a redirect is escaped once (docs/compatibility.md, operator/tidegate/gateway/http/router.py).
#
# Needs curl, Go, and modules from the Go module proxy. The first build takes up to a minute.
# Exits 0 if the behavior is unchanged, 1 if it has changed, 2 if Pushgateway cannot be built or started.
set -euo pipefail
folder=$(mktemp -d)
server=
trap '[[ -z $server ]] || { kill "$server"; wait "$server"; } 2>/dev/null || true; rm -rf "$folder"' EXIT
cd "$folder"
go mod init finding 2>/dev/null || exit 2
go mod edit -require=github.com/prometheus/pushgateway@v1.11.3
go build -mod=mod -o pushgateway github.com/prometheus/pushgateway || exit 2

touch log
./pushgateway --web.listen-address=127.0.0.1:0 2>>log &
server=$!
address=
for _ in {1..300}; do
    address=$(sed -n 's/.*msg="Listening on" address=//p' log)
    [[ -z $address ]] || break
    sleep 0.1
done
[[ -n $address ]] || { cat log >&2; exit 2; }

path=/metrics/job/backup/volume/a%20b
url=http://$address/$path
push() {
    printf 'backup_files 3\n' |
        curl --silent --noproxy '*' --data-binary @- --output body --write-out "$1" "${@:2}" "$url"
}
location=$(push '%{redirect_url}')
location=${location#"http://$address"}
status=$(push '%{http_code}' --location)
group=$(curl --silent --noproxy '*' "http://$address/metrics" | grep '^backup_files')
echo 'version: Pushgateway 1.11.3'
echo "expected: Location: $path; status 200; backup_files{instance=\"\",job=\"backup\",volume=\"a b\"} 3"
echo "actual: Location: $location; status $status; $group"
[[ "$location $status $group" == \
    '/metrics/job/backup/volume/a%2520b 200 backup_files{instance="",job="backup",volume="a%20b"} 3' ]]
