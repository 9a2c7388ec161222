"""The table of rejected pushes in docs/troubleshooting.md has every limit, and the response during a restore."""

from __future__ import annotations

from tests.support.docs import documented_messages
from tidegate.gateway.http import health
from tidegate.model import limits


def test_table_has_every_limit_with_its_status() -> None:
    documented = documented_messages.rejections()
    assert [limit.flag for limit in limits.Limit if (str(limit.status), f"({limit.flag})") not in documented] == []


async def test_table_has_the_response_during_a_restore() -> None:
    response = await health.HealthHandlers().reject_until_restored(None)  # type: ignore[arg-type] # it looks at none
    assert [
        text for status, text in documented_messages.rejections() if status == "503" and text in (response.text or "")
    ]
