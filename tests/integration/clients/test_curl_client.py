"""curl commands as Jobs use them."""

import subprocess

from tests.support.processes import tidegate_processes

_SECONDS = 60


def _curl(*arguments: str, body: str = "") -> str:
    """Run curl and return the status code of the response."""
    ran = subprocess.run(
        ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", *arguments],
        input=body,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=True,
    )
    return ran.stdout


def test_curl_pushes_a_line_from_stdin(gateway: tidegate_processes.Gateway) -> None:
    assert _curl("--data-binary", "@-", f"{gateway.url}/metrics/job/some_job", body="some_metric 3.14\n") == "200"
    assert '\nsome_metric{instance="",job="some_job"} 3.14\n' in gateway.exposition()


def test_curl_pushes_several_lines_to_a_group_with_two_labels(gateway: tidegate_processes.Gateway) -> None:
    body = (
        '# TYPE some_metric counter\nsome_metric{label="val1"} 42\n# TYPE other gauge\n# HELP other Help.\nother 2.5\n'
    )
    assert _curl("--data-binary", "@-", f"{gateway.url}/metrics/job/j/instance/i", body=body) == "200"
    assert 'some_metric{instance="i",job="j",label="val1"} 42\n' in gateway.exposition()


def test_curl_pushes_a_body_that_needs_a_100_continue(gateway: tidegate_processes.Gateway) -> None:
    body = "".join(f'x{{n="{number:0200}"}} {number}\n' for number in range(10_000))
    # curl sends a body of this size only after a 100 Continue.
    assert _curl("--data-binary", "@-", f"{gateway.url}/metrics/job/large", body=body) == "200"
    assert f'x{{instance="",job="large",n="{9_999:0200}"}} 9999\n' in gateway.exposition()


def test_curl_deletes_one_group_and_leaves_the_other(gateway: tidegate_processes.Gateway) -> None:
    gateway.push("job/a/instance/i", "x 1\n")
    gateway.push("job/a", "x 2\n")
    assert _curl("-X", "DELETE", f"{gateway.url}/metrics/job/a/instance/i") == "202"
    assert [line for line in gateway.exposition().splitlines() if line.startswith("x{")] == ['x{instance="",job="a"} 2']


def test_invalid_push_is_rejected_with_400(gateway: tidegate_processes.Gateway) -> None:
    assert _curl("--data-binary", "@-", f"{gateway.url}/metrics/job/a", body="some metric\n") == "400"


def test_push_sets_the_ttl_of_its_group(gateway: tidegate_processes.Gateway) -> None:
    assert _curl("--data-binary", "@-", f"{gateway.url}/metrics/job/nightly?ttl=36h", body="backup_rows 1\n") == "200"
    assert _curl("--data-binary", "@-", f"{gateway.url}/metrics/job/nightly?ttl=36", body="backup_rows 1\n") == "400"


def test_curl_deletes_groups_by_label_selector(gateway: tidegate_processes.Gateway) -> None:
    gateway.push("job/nightly/region/eu-1", "x 1\n")
    gateway.push("job/nightly/region/us-1", "x 1\n")
    delete = ["-G", "-X", "DELETE", f"{gateway.url}/api/v1/groups"]
    selector = ["--data-urlencode", 'match[]={job="nightly",region=~"eu.*"}']
    assert _curl(*delete, *selector, "-d", "dry_run=1") == "200"
    assert "eu-1" in gateway.exposition()
    assert _curl(*delete, *selector) == "200"
    assert "eu-1" not in gateway.exposition()
    assert "us-1" in gateway.exposition()
