"""Pulses wake those who wait at the moment, and nobody later."""

from __future__ import annotations

from tidegate.aio import broadcasts


def test_all_who_wait_are_woken_once() -> None:
    pulse = broadcasts.Pulse()
    one, two = pulse.next(), pulse.next()
    pulse.fire()
    assert one.is_set()
    assert two.is_set()
    assert not pulse.next().is_set()


def test_a_pulse_that_nobody_waits_for_is_forgotten() -> None:
    pulse = broadcasts.Pulse()
    pulse.fire()
    assert not pulse.next().is_set()
