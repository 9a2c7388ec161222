#!/usr/bin/env bash
# kustomize 5.8.1: an overlay moves a ServiceAccount to another namespace, and its ClusterRoleBinding keeps the old one.
#
# Expected: base and overlay each set `namespace`. In the overlay's output, the account and the binding's subject have
#   the namespace of the overlay, because the subject is the account of the base.
# Actual: the account moves, and the subject does not. The binding gives its permissions to an account that does not
#   exist. Without a message, the exit status is 0. If the account's manifest repeats the base's namespace, the subject
#   follows.
# tidegate: the ServiceAccount of the base sets its namespace (manifests/base/rbac.yaml).
# Upstream: compare https://github.com/kubernetes-sigs/kustomize/issues/4015
#
# Needs Go and modules from the Go module proxy. The first build takes a minute or two of processor time.
# Exits 0 if the behavior is unchanged, 1 if it has changed, 2 if kustomize cannot be built.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
go mod init finding 2>/dev/null || exit 2
go mod edit -require=sigs.k8s.io/kustomize/kustomize/v5@v5.8.1
go build -mod=mod -o kustomize sigs.k8s.io/kustomize/kustomize/v5 || exit 2

mkdir base overlay
cat >base/kustomization.yaml <<'YAML'
namespace: jobs
resources: [account.yaml, binding.yaml]
YAML
cat >base/binding.yaml <<'YAML'
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: cleaner}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cleaner}
subjects:
  - {kind: ServiceAccount, name: cleaner, namespace: jobs}
YAML
cat >overlay/kustomization.yaml <<'YAML'
namespace: operations
resources: [../base]
YAML

# Prints the namespace of the account and that of the subject in the output for the overlay.
namespaces() {
    printf 'apiVersion: v1\nkind: ServiceAccount\nmetadata: %s\n' "$1" >base/account.yaml
    ./kustomize build overlay | sed -n 's/^ *namespace: //p' | paste -s -d ' '
}

without=$(namespaces '{name: cleaner}')
with=$(namespaces '{name: cleaner, namespace: jobs}')
echo "version: kustomize $(./kustomize version)"
echo 'expected: namespaces of account and subject: operations operations'
echo "actual: account without a namespace of its own: $without"
echo "actual: account with the namespace of the base: $with"
[[ $without == 'operations jobs' && $with == 'operations operations' ]]
