#!/usr/bin/env bash
# kopf 1.45.2: an operator does not start if its user has no name, even without peering.
#
# Expected: a standalone operator starts under any user id. Only peering needs an identity that others can tell apart,
#   and a Pod with `runAsUser: 65532`, or any Pod on OpenShift, has a user id without a name.
# Actual: kopf looks up the user name before it does anything else, and the error of the lookup ends the operator.
#   With an identity, or with a value in the environment variable POD_ID, it does not look.
# tidegate: it passes an identity (operator/tidegate/operator/watch/kopf_watch.py).
#
# The operator runs in a user namespace in which its user id is 65532. It is stopped when it has started, and sends no
# requests.
#
# Needs Linux with user namespaces, unshare from util-linux 2.38 or newer, Python 3.11 or newer with venv, and packages
# from PyPI. Takes seconds after the installation.
# Exits 0 if the behavior is unchanged, 1 if it has changed, 2 if the packages or the namespace are not available.
set -euo pipefail
nameless=(unshare --user --map-user=65532 --map-group=65532 env -u LOGNAME -u USER -u LNAME -u USERNAME -u POD_ID)
"${nameless[@]}" true || exit 2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" || exit 2
"$folder/venv/bin/pip" --quiet --disable-pip-version-check install kopf==1.45.2 || exit 2
cat >"$folder/start.py" <<'PYTHON'
import asyncio
import logging
import os
import sys
from importlib import metadata

import kopf


async def start(**options):
    """Start a standalone operator, stop it as soon as it has started, and return what happened."""
    registry, stop = kopf.OperatorRegistry(), asyncio.Event()

    @kopf.on.startup(registry=registry)
    def started(**_):
        stop.set()

    try:
        await asyncio.wait_for(
            kopf.operator(registry=registry, standalone=True, clusterwide=True, stop_flag=stop, **options), 30
        )
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "starts" if stop.is_set() else "does not start"


async def main():
    by_default, with_identity = await start(), await start(identity="finding")
    print(f"version: kopf {metadata.version('kopf')}")
    print("expected: standalone, by default: starts")
    print(f"actual: standalone, by default: {by_default}")
    print(f"actual: standalone, with an identity: {with_identity}")
    # Python before 3.13 raises KeyError, later versions OSError.
    is_rejected = by_default.startswith(("KeyError", "OSError"))
    return 0 if os.getuid() == 65532 and is_rejected and with_identity == "starts" else 1


logging.disable(logging.CRITICAL)
sys.exit(asyncio.run(main()))
PYTHON
"${nameless[@]}" "$folder/venv/bin/python" "$folder/start.py"
