"""The completion scripts in a real bash, zsh and fish."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import requirements
from tests.support.cli import shells
from tidegate.cli import completion_scripts, root

ECHO = "tidegate() { printf '<%s>' \"$@\"; echo '<end>'; }"

COMPLETED = {
    "gr": ["groups"],
    "groups --gateway.url x ex": ["groups", "--gateway.url", "x", "explain"],
    "push --repl": ["push", "--replace"],
    "run --log.level war": ["run", "--log.level", "warn"],
    "gateway --persistence.file=met": ["gateway", "--persistence.file=metrics.prom"],
}
"""Words typed after ``tidegate``, and their completions: a command, one after a value, a flag, a choice, a file."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a file, and the script of each shell."""
    (tmp_path / "metrics.prom").write_text("rows 7\n")
    for shell in completion_scripts.SHELLS:
        (tmp_path / f"tidegate.{shell}").write_text(completion_scripts.script(shell, root.Root()))
    return tmp_path


@pytest.mark.parametrize("find", [shells.bash, shells.zsh], ids=["bash", "zsh"])
def test_tab_completes_commands_flags_choices_and_files(find: Callable[[], shells.Shell], folder: Path) -> None:
    script = f". ./tidegate.{find.__name__}"
    with shells.typing(requirements.require(find), ECHO, script, folder=folder) as typist:
        for typed, words in COMPLETED.items():
            typist.type(f"tidegate {typed}\t\n")
            assert re.findall("<([^>]*)>", typist.read("<end>")) == words


def test_fish_offers_commands_flags_choices_and_files(folder: Path) -> None:
    shell = requirements.require(shells.fish)
    for typed, words in COMPLETED.items():
        ran = subprocess.run(
            [*shell.command, "-c", "source tidegate.fish; complete -C $argv[1]", "--", f"tidegate {typed}"],
            cwd=folder,
            env={"HOME": str(folder), **shell.environment},
            capture_output=True,
            text=True,
            check=True,
        )
        assert [line.split("\t")[0] for line in ran.stdout.splitlines()] == [words[-1]]


@pytest.mark.parametrize("shell", completion_scripts.SHELLS)
def test_completions_prints_the_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert root.main(["completions", shell]) == 0
    assert capsys.readouterr().out == completion_scripts.script(shell, root.Root())


def test_the_script_has_every_command_and_flag() -> None:
    text = completion_scripts.script(completion_scripts.BASH, root.Root())
    assert all(f"'{word}'" in text for word in ("completions", "explain", "--help", "--limit.body=", "--no-dry-run"))


def test_quotes_in_help_texts_are_escaped() -> None:
    for shell in (completion_scripts.ZSH, completion_scripts.FISH):
        assert r"the external URL'\''s path" in completion_scripts.script(shell, root.Root())
