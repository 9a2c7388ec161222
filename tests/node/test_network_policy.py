"""The networkpolicy component can be applied, and allowed clients can still push."""

from tests.support.docs import markdown_documents
from tests.support.images import base_image
from tests.support.node import tidegate_installation

_POLICY = markdown_documents.ROOT / "manifests/components/networkpolicy/networkpolicy.yaml"


def test_jobs_push_with_the_network_policy_applied(installed: tidegate_installation.Installation) -> None:
    place = installed.place
    place.kubectl("apply", f"--namespace={tidegate_installation.NAMESPACE}", f"--filename={_POLICY}")
    try:
        url = f"{tidegate_installation.GATEWAY}/metrics/job/fenced"
        line = f"echo 'e2e_fenced 1' | curl --silent --show-error --fail --data-binary @- {url}"
        installed.wait_until_finished(installed.run("pushes-fenced", "sh", "-c", line, image=base_image.NAME))
        installed.wait_until_deleted("fenced")
    finally:
        place.kubectl("delete", f"--namespace={tidegate_installation.NAMESPACE}", f"--filename={_POLICY}")
    assert installed.prometheus.last("e2e_fenced") == [1.0] * 2
