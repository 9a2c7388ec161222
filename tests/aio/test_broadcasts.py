"""Pulses wake those who wait at the moment, and nobody later."""

from __future__ import annotations

from tidegate.aio import broadcasts


def test_all_who_wait_are_woken_once() -> None:
    broadcast = broadcasts.Broadcast()
    one, two = broadcast.next(), broadcast.next()
    broadcast.fire()
    assert one.is_set()
    assert two.is_set()
    assert not broadcast.next().is_set()


def test_a_pulse_that_nobody_waits_for_is_forgotten() -> None:
    broadcast = broadcasts.Broadcast()
    broadcast.fire()
    assert not broadcast.next().is_set()
