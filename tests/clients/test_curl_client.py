"""The lines of shell that people have in their Jobs."""

import subprocess

from tests.support import tidegate_processes

_SECONDS = 20


def _curl(*arguments: str, body: str = "") -> str:
    """The status of the answer."""
    ran = subprocess.run(
        ["curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}", *arguments],
        input=body,
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=True,
    )
    return ran.stdout


def test_a_line_is_piped_into_a_push(gateway: tidegate_processes.Gateway) -> None:
    assert _curl("--data-binary", "@-", f"{gateway.url}/metrics/job/some_job", body="some_metric 3.14\n") == "200"
    assert '\nsome_metric{instance="",job="some_job"} 3.14\n' in gateway.exposition()


def test_a_body_of_several_lines_is_pushed_to_a_group_of_two_labels(gateway: tidegate_processes.Gateway) -> None:
    body = (
        '# TYPE some_metric counter\nsome_metric{label="val1"} 42\n# TYPE other gauge\n# HELP other Help.\nother 2.5\n'
    )
    assert _curl("--data-binary", "@-", f"{gateway.url}/metrics/job/j/instance/i", body=body) == "200"
    assert 'some_metric{instance="i",job="j",label="val1"} 42\n' in gateway.exposition()


def test_a_body_too_large_for_one_write_is_waited_for(gateway: tidegate_processes.Gateway) -> None:
    body = "".join(f'x{{n="{number:0200}"}} {number}\n' for number in range(10_000))
    # So large a body curl sends only after a 100 Continue.
    assert _curl("--data-binary", "@-", f"{gateway.url}/metrics/job/large", body=body) == "200"
    assert f'x{{instance="",job="large",n="{9_999:0200}"}} 9999\n' in gateway.exposition()


def test_a_group_is_deleted_and_another_one_stays(gateway: tidegate_processes.Gateway) -> None:
    gateway.push("job/a/instance/i", "x 1\n")
    gateway.push("job/a", "x 2\n")
    assert _curl("-X", "DELETE", f"{gateway.url}/metrics/job/a/instance/i") == "202"
    assert [line for line in gateway.exposition().splitlines() if line.startswith("x{")] == ['x{instance="",job="a"} 2']


def test_a_push_that_is_refused_is_told_so(gateway: tidegate_processes.Gateway) -> None:
    assert _curl("--data-binary", "@-", f"{gateway.url}/metrics/job/a", body="some metric\n") == "400"


def test_a_push_says_how_long_its_group_may_live(gateway: tidegate_processes.Gateway) -> None:
    assert _curl("--data-binary", "@-", f"{gateway.url}/metrics/job/nightly?ttl=36h", body="backup_rows 1\n") == "200"
    assert _curl("--data-binary", "@-", f"{gateway.url}/metrics/job/nightly?ttl=36", body="backup_rows 1\n") == "400"


def test_groups_are_deleted_by_their_labels(gateway: tidegate_processes.Gateway) -> None:
    gateway.push("job/nightly/region/eu-1", "x 1\n")
    gateway.push("job/nightly/region/us-1", "x 1\n")
    delete = ["-G", "-X", "DELETE", f"{gateway.url}/api/v1/groups"]
    selector = ["--data-urlencode", 'match[]={job="nightly",region=~"eu.*"}']
    assert _curl(*delete, *selector, "-d", "dry_run=1") == "200"
    assert "eu-1" in gateway.exposition()
    assert _curl(*delete, *selector) == "200"
    assert "eu-1" not in gateway.exposition()
    assert "us-1" in gateway.exposition()
