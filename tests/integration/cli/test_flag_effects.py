"""Every flag has an effect: the tables state the effect of each flag, and these tests observe it."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from unittest import mock

import pytest

from tests.integration.cli import (
    drain_effects,
    effects,
    gateway_effects,
    group_effects,
    limit_effects,
    operator_effects,
    operator_stage,
    push_effects,
)
from tests.support import repository
from tests.support.operator import operator_harness
from tidegate import app, settings
from tidegate.cli import root

_logger = logging.getLogger(__name__)

_ROOT = repository.ROOT
_GATEWAY = {**gateway_effects.EFFECTS, **drain_effects.EFFECTS, **limit_effects.EFFECTS}
_OPERATOR = operator_effects.EFFECTS
_OF_BOTH = [flag for flag in _OPERATOR if not flag.startswith("--gateway.") and flag not in _GATEWAY]
"""The flags of the operator that ``tidegate run`` has, too; it chooses its gateway itself."""

_IGNORED = {"--persistence.interval": "docs/compatibility.md"}
"""Flags that are ignored for compatibility with Pushgateway, with the page that documents it."""

_LOGGING = {"--log.level", "--log.format"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the configuration of the user who runs the tests."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("command", "known"),
    [
        ("gateway", {*_GATEWAY, *_IGNORED, *_LOGGING}),
        ("operator", {*_OPERATOR, *_LOGGING}),
        ("run", {*_GATEWAY, *_IGNORED, *_LOGGING, *_OF_BOTH}),
        ("push", {*push_effects.EFFECTS}),
        *[(f"groups {verb}", set(known)) for verb, known in group_effects.EFFECTS.items()],
    ],
)
def test_every_flag_is_in_the_table(command: str, known: set[str]) -> None:
    assert effects.flags(command) == known


@pytest.mark.parametrize(("flag", "page"), _IGNORED.items())
def test_an_ignored_flag_is_documented(flag: str, page: str) -> None:
    assert f"`{flag}`" in (_ROOT / page).read_text()


@pytest.mark.parametrize("flag", _GATEWAY)
async def test_a_flag_of_the_gateway_has_its_effect(flag: str, tmp_path: Path) -> None:
    effect = _GATEWAY[flag]
    assert effect.unseen != effect.seen
    for given, expected in (((), effect.unseen), ((effect.given,), effect.seen)):
        arguments = [part.format(folder=tmp_path) for part in (*gateway_effects.ADDRESSES, *effect.beside, *given)]
        configuration = effects.settings_of("gateway", *arguments).gateway
        assert configuration is not None
        assert await _observed_of_gateway(configuration, effect, tmp_path) == expected, given


@pytest.mark.parametrize("flag", _OPERATOR)
async def test_a_flag_of_the_operator_has_its_effect(flag: str, tmp_path: Path) -> None:
    effect = _OPERATOR[flag]
    assert effect.unseen != effect.seen
    needed = [part for part in operator_stage.NEEDED.values() if part != effect.given]
    for given, expected in (((), effect.unseen), ((effect.given,), effect.seen)):
        async with operator_stage.neighbours(tmp_path) as scene:
            places = operator_stage.places(scene, tmp_path)
            arguments = [part.format(**places) for part in (*needed, *effect.beside, *given)]
            configuration = effects.settings_of("operator", *arguments).operator
            assert configuration is not None
            assert await _observed_of_operator(scene, configuration, effect) == expected, given


@pytest.mark.parametrize("flag", push_effects.EFFECTS)
async def test_a_flag_of_push_has_its_effect(flag: str, tmp_path: Path) -> None:
    effect = push_effects.EFFECTS[flag]
    assert effect.unseen != effect.seen
    left_out = {flag, "FILE"} if flag in push_effects.WITHOUT_FILE else {flag}
    needed = [part for name, part in push_effects.NEEDED.items() if name not in left_out]
    for given, expected in (([], effect.unseen), ([effect.given], effect.seen)):
        ran = await push_effects.ran([*needed, *effect.beside, *given], tmp_path)
        assert await effect.observe(ran) == expected, ran


@pytest.mark.parametrize(
    ("verb", "flag"), [(verb, flag) for verb, known in group_effects.EFFECTS.items() for flag in known]
)
async def test_a_flag_of_groups_has_its_effect(verb: str, flag: str, tmp_path: Path) -> None:
    effect = group_effects.EFFECTS[verb][flag]
    assert effect.unseen != effect.seen
    needed = [
        part
        for name, part in group_effects.NEEDED.items()
        if name != flag and not (name == "--operator.url" and verb == "delete")
    ]
    configuration = [part for part in group_effects.SELECTED[verb] if part != effect.given]
    async with group_effects.opened(tmp_path) as stage:
        for given, expected in (([], effect.unseen), ([effect.given], effect.seen)):
            ran = await stage.run([*needed, verb, *configuration, *effect.beside, *given])
            assert await effect.observe(ran) == expected, ran


@pytest.mark.parametrize("flag", [*_GATEWAY, *_OF_BOTH])
def test_run_makes_the_same_settings_of_a_flag_as_gateway_or_operator(flag: str) -> None:
    effect: effects.Effect[gateway_effects.Stage] | effects.Effect[operator_stage.Stage]
    command, effect = ("gateway", _GATEWAY[flag]) if flag in _GATEWAY else ("operator", _OPERATOR[flag])
    beside, given = (part.format(folder="folder", free_port=1) for part in (" ".join(effect.beside), effect.given))
    both, without = (effects.settings_of("run", *beside.split(), *more) for more in ([given], []))
    alone = effects.settings_of(command, *beside.split(), given)
    if command == "gateway":
        assert both.gateway == alone.gateway != without.gateway
    else:
        assert both.operator == alone.operator != without.operator


@pytest.mark.parametrize("command", ["gateway", "operator", "run"])
def test_the_log_flags_have_their_effects(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert _logged(command, capsys) == ["level=info"]
    assert _logged(command, capsys, "--log.level=debug") == ["level=debug", "level=info"]
    assert _logged(command, capsys, "--log.level=error") == []
    assert _logged(command, capsys, "--log.format=json") == ['"level": "info"']


def _logged(command: str, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    """The level in each line that the command logs."""
    logger = logging.getLogger()
    before, level = list(logger.handlers), logger.level

    def run(*_: object, **__: object) -> None:
        _logger.debug("one")
        _logger.info("two")

    try:
        with mock.patch.multiple(app, run_gateway=run, run_operator=run, run_both=run):
            assert root.main([command, *arguments]) == 0
    finally:
        logger.handlers, logger.level = before, level
    return re.findall(r'level=\w+|"level": ?"\w+"', capsys.readouterr().err)


async def _observed_of_gateway(
    configuration: settings.GatewaySettings, effect: effects.Effect[gateway_effects.Stage], folder: Path
) -> object:
    try:
        async with gateway_effects.opened(configuration, folder) as stage:
            return await effect.observe(stage)
    except OSError:
        return effects.FAILED_TO_START


async def _observed_of_operator(
    scene: operator_harness.Scene,
    configuration: settings.OperatorSettings,
    effect: effects.Effect[operator_stage.Stage],
) -> object:
    try:
        async with operator_stage.at_work(scene, configuration) as stage:
            return await effect.observe(stage)
    except (OSError, settings.BadSettingsError):
        return effects.FAILED_TO_START
