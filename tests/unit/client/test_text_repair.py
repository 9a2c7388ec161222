"""Files with common defects are corrected to the text format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.client import text_repair

PLAIN = b"# HELP a b\n# TYPE a gauge\na 1\n"


@pytest.mark.parametrize(
    ("body", "corrections"),
    [
        pytest.param(b"\xef\xbb\xbf" + PLAIN, ("removed a byte order mark",), id="byte order mark"),
        pytest.param(PLAIN[:-1], ("added the missing line feed at the end",), id="no line feed"),
        pytest.param(PLAIN.replace(b"\n", b"\r\n"), ("replaced CRLF with LF on 3 lines",), id="CRLF"),
        pytest.param(
            PLAIN[:-1] + b"\r",
            ("added the missing line feed at the end", "replaced CRLF with LF on 1 line"),
            id="cut between CR and LF",
        ),
        pytest.param(
            b"\xef\xbb\xbf" + PLAIN.replace(b"\n", b"\r\n")[:-2],
            (
                "removed a byte order mark",
                "added the missing line feed at the end",
                "replaced CRLF with LF on 2 lines",
            ),
            id="all",
        ),
        pytest.param(PLAIN, (), id="nothing"),
    ],
)
def test_each_defect_is_corrected_and_reported(body: bytes, corrections: tuple[str, ...]) -> None:
    assert text_repair.corrected(body) == (PLAIN, corrections)


_LINES = st.lists(st.text(st.characters(exclude_characters="\r\n\ufeff", codec="utf-8")), min_size=1)


@given(_LINES)
def test_valid_file_stays_byte_for_byte(lines: list[str]) -> None:
    body = "".join(f"{line}\n" for line in lines).encode()
    assert text_repair.corrected(body) == (body, ())


@given(_LINES, st.sampled_from(["", "\ufeff"]), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_corrections_keep_all_lines(lines: list[str], mark: str, end: str, ended: bool) -> None:
    written = mark + end.join(lines) + (end if ended or not lines[-1] else "")
    assert text_repair.corrected(written.encode()).body.decode() == "".join(f"{line}\n" for line in lines)
