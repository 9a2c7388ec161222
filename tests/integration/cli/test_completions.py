"""Completions in a real bash, zsh and fish."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import requirements
from tests.support.cli import shells
from tidegate.cli import completion_scripts, root

ECHO = "tidegate() { printf '<%s>' \"$@\"; echo '<end>'; }"

CASES = [
    pytest.param("gr", ["groups"], id="command"),
    pytest.param("groups li", ["groups", "list"], id="verb"),
    pytest.param("groups --gateway.url x ex", ["groups", "--gateway.url", "x", "explain"], id="verb-after-a-value"),
    pytest.param("groups --gateway.url=x ex", ["groups", "--gateway.url=x", "explain"], id="verb-after-a-flag"),
    pytest.param("push --repl", ["push", "--replace"], id="switch"),
    pytest.param("gateway --no-web.sys", ["gateway", "--no-web.systemd-socket"], id="switch-off"),
    pytest.param("groups list --output=j", ["groups", "list", "--output=json"], id="choice"),
    pytest.param("run --log.level war", ["run", "--log.level", "warn"], id="choice-as-a-word"),
    pytest.param("operator --gateway.kind=p", ["operator", "--gateway.kind=pushgateway"], id="choice-of-the-operator"),
    pytest.param("completions z", ["completions", "zsh"], id="shell"),
    pytest.param("push --job=x met", ["push", "--job=x", "metrics.prom"], id="file"),
    pytest.param("gateway --persistence.file=met", ["gateway", "--persistence.file=metrics.prom"], id="file-of-a-flag"),
    pytest.param(
        "import --persistence.file met", ["import", "--persistence.file", "metrics.prom"], id="file-as-a-word"
    ),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file, and the script of each shell."""
    folder = tmp_path_factory.mktemp("completions")
    (folder / "metrics.prom").write_text("rows 7\n")
    for shell in completion_scripts.SHELLS:
        (folder / f"tidegate.{shell}").write_text(completion_scripts.script(shell, root.Root()))
    return folder


@pytest.fixture(scope="module", params=[shells.bash, shells.zsh], ids=["bash", "zsh"])
def typist(request: pytest.FixtureRequest, folder: Path) -> Iterator[shells.Typist]:
    script = f". ./tidegate.{request.param.__name__}"
    with shells.typing(requirements.require(request.param), ECHO, script, folder=folder) as typing:
        yield typing


@pytest.mark.parametrize(("typed", "words"), CASES)
def test_tab_completes_commands_flags_choices_and_files(typist: shells.Typist, typed: str, words: list[str]) -> None:
    typist.type(f"tidegate {typed}\t\n")
    assert re.findall("<([^>]*)>", typist.read("<end>")) == words


def test_a_flag_is_completed_up_to_its_value(typist: shells.Typist) -> None:
    typist.type("tidegate groups list --out\tj\t\n")
    assert re.findall("<([^>]*)>", typist.read("<end>")) == ["groups", "list", "--output=json"]


@pytest.mark.parametrize(("typed", "words"), CASES)
def test_fish_offers_the_same_completions(folder: Path, typed: str, words: list[str]) -> None:
    shell = requirements.require(shells.fish)
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
