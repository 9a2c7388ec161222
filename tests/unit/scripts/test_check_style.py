"""The maximum length of test files, and the list of those that are still longer."""

from __future__ import annotations

from pathlib import Path

from scripts import check_style


def test_test_files_and_their_helpers_are_shorter_than_other_modules() -> None:
    maxima = [check_style.max_lines(Path(name)) for name in ("tests/support/it.py", "operator/tidegate/it.py")]
    assert maxima == [check_style.TEST_LINES, check_style.MODULE_LINES]


def test_exempt_file_that_fits_or_was_deleted_is_reported(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text("x = 1\n" * (check_style.TEST_LINES + 1))
    (tmp_path / "fits.py").write_text("x = 1\n" * check_style.TEST_LINES)
    reported = check_style.long_tests_that_fit(["long.py", "fits.py", "deleted.py"], root=tmp_path)
    assert [message.partition(":")[0] for message in reported] == ["fits.py", "deleted.py"]
