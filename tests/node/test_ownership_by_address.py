"""The operator finds the owner of a group by the address of a real pod, for any group name and any client."""

from tests.support.images import base_image
from tests.support.node import tidegate_installation

_PUSH = """
from prometheus_client import CollectorRegistry, Gauge, push_to_gateway
registry = CollectorRegistry()
Gauge("{metric}", "From a Job.", registry=registry).set({value})
push_to_gateway("{url}", job="{group}", registry=registry)
"""


def test_group_from_a_python_client_is_deleted_with_its_job(installed: tidegate_installation.Installation) -> None:
    installed.prometheus.followed("tidegate", targets=2)
    script = _PUSH.format(
        metric="e2e_python", value=41.5, url=tidegate_installation.GATEWAY, group="called-as-it-likes"
    )
    installed.wait_until_finished(installed.python("pushes-by-python", script))
    installed.wait_until_deleted("called-as-it-likes")
    assert installed.prometheus.last("e2e_python") == [41.5] * 2
    tidegate_installation.eventually_stale(installed, "e2e_python")


def test_group_from_curl_is_deleted_with_its_job(installed: tidegate_installation.Installation) -> None:
    installed.prometheus.followed("tidegate", targets=2)
    url = f"{tidegate_installation.GATEWAY}/metrics/job/by-hand/step/last"
    line = f"echo 'e2e_curl 12' | curl --silent --show-error --fail --data-binary @- {url}"
    installed.wait_until_finished(installed.run("pushes-by-curl", "sh", "-c", line, image=base_image.NAME))
    installed.wait_until_deleted("by-hand")
    assert installed.prometheus.last("e2e_curl") == [12.0] * 2
    tidegate_installation.eventually_stale(installed, "e2e_curl")


def test_group_of_a_running_job_is_kept(installed: tidegate_installation.Installation) -> None:
    installed.prometheus.followed("tidegate", targets=2)
    pushes = _PUSH.format(metric="e2e_runs_on", value=1, url=tidegate_installation.GATEWAY, group="still-going")
    job = installed.python("runs-on", f"{pushes}\nimport time\ntime.sleep(600)")
    beacon = _PUSH.format(metric="e2e_beacon", value=1, url=tidegate_installation.GATEWAY, group="beacon")
    installed.wait_until_finished(installed.python("ends-meanwhile", beacon))
    installed.wait_until_deleted("beacon")
    assert "still-going" in installed.groups()
    installed.place.kubectl("delete", "job", job, f"--namespace={installed.namespace}")
    installed.wait_until_deleted("still-going")
