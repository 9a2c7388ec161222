"""Every flag has an effect: a table says what each changes, and each row is seen to be so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli import effects, gateway_effects, limit_effects
from tidegate import settings

_ROOT = Path(__file__).resolve().parents[2]
_GATEWAY = {**gateway_effects.EFFECTS, **limit_effects.EFFECTS}

_IGNORED = {"--persistence.interval": ("docs/compatibility.md", "`--persistence.interval` has no effect")}
"""Flags that are accepted for the sake of Pushgateway's users and ignored, and the page and the words that say so."""

_LOGGING = {"--log.level", "--log.format"}


def test_every_flag_of_the_gateway_is_in_the_table() -> None:
    assert effects.flags("gateway") == {*_GATEWAY, *_IGNORED, *_LOGGING}


@pytest.mark.parametrize("flag", _GATEWAY)
async def test_a_flag_of_the_gateway_has_its_effect(flag: str, tmp_path: Path) -> None:
    effect = _GATEWAY[flag]
    assert effect.unseen != effect.seen
    for given, expected in (((), effect.unseen), ((effect.given,), effect.seen)):
        arguments = (*gateway_effects.ADDRESSES, *effect.beside, *given)
        chosen = effects.handed("gateway", *arguments, folder=tmp_path).gateway
        assert chosen is not None
        assert await _observed(chosen, effect, tmp_path) == expected, given


async def _observed(
    chosen: settings.GatewaySettings, effect: effects.Effect[gateway_effects.Stage], folder: Path
) -> object:
    try:
        async with gateway_effects.opened(chosen, folder) as stage:
            return await effect.observe(stage)
    except OSError:
        return effects.REFUSED_TO_START
