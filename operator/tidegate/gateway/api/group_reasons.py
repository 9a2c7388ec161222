"""Why a group is still there, in two sentences for people, as far as the gateway knows. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tidegate.draining import drain_status
from tidegate.model import durations, lifecycle, scrapers

_NAMED = 3
"""Owners or scrapers that are called by their names; of more it is said how many they are."""


def why(life: lifecycle.Life, active: Collection[scrapers.Reading], *, now: float) -> list[str]:
    """Two sentences about a group with this life: how it stands with its owners, and what comes next.

    :param active: the scrapers whose word is waited for.
    :param now: steady seconds.
    """
    waiting = drain_status.wait(life, active, now=now)
    if waiting is None or life.drain is None:
        return _why_live(life, now=now)
    if life.drain.expired:
        over = "Its time to live is over, and nobody owns it."
    else:
        over = f"{_owners(life)} {'is' if len(life.claims) == 1 else 'are'} over."
    return [over, _what_comes(waiting, now=now)]


def _why_live(life: lifecycle.Life, *, now: float) -> list[str]:
    if life.claims:
        owns = "owns" if len(life.claims) == 1 else "own"
        return [f"{_owners(life)} {owns} it.", "It stays until the operator says that all of its owners are over."]
    expiry = lifecycle.expiry(life)
    if expiry is not None:
        return [
            "Nobody owns it.",
            f"It drains unless it is pushed again within {_span(expiry - now)}: its time to live.",
        ]
    return ["Nobody owns it, and it was pushed without a time to live.", "It stays until somebody deletes it."]


def _what_comes(waiting: drain_status.Wait, *, now: float) -> str:
    left = "" if waiting.until is None else _span(waiting.until - now)
    match waiting.what:
        case drain_status.For.OPERATOR:
            return "It was pushed after that: it stays until the operator says whether this was its owners' own push."
        case drain_status.For.SCRAPERS:
            names = _listed([str(one) for one in waiting.scrapers], "scrapers")
            have = "has" if len(waiting.scrapers) == 1 else "have"
            return f"It goes when {names} {have} read its last push, and in {left} at the latest."
        case drain_status.For.DEADLINE:
            return f"No scraper is active that could read its last push: it goes in {left}, read or not."
        case drain_status.For.NOTHING:
            return "It goes in a moment."


def _owners(life: lifecycle.Life) -> str:
    return _listed([str(claim.owner) for claim in life.claims.values()], "owners")


def _listed(names: Sequence[str], what: str) -> str:
    if len(names) > _NAMED:
        return f"{names[0]} and {len(names) - 1} other {what}"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _span(seconds: float) -> str:
    return durations.spell(max(0.0, seconds))
