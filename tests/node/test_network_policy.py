"""The component networkpolicy is admitted, and takes nothing away from those whom it lets in."""

import pytest

from tests.docs import documents
from tests.images import bases
from tests.node import installations

pytestmark = pytest.mark.node

_POLICY = documents.ROOT / "manifests/components/networkpolicy/networkpolicy.yaml"


def test_jobs_push_with_the_policy_in_force(installed: installations.Installation) -> None:
    place = installed.place
    place.kubectl("apply", f"--namespace={installations.NAMESPACE}", f"--filename={_POLICY}")
    try:
        url = f"{installations.GATEWAY}/metrics/job/fenced"
        line = f"echo 'e2e_fenced 1' | curl --silent --show-error --fail --data-binary @- {url}"
        installed.ended(installed.run("pushes-fenced", "sh", "-c", line, image=bases.NAME))
        installed.gone("fenced")
    finally:
        place.kubectl("delete", f"--namespace={installations.NAMESPACE}", f"--filename={_POLICY}")
    assert installed.prometheus.last("e2e_fenced") == [1.0] * 2
