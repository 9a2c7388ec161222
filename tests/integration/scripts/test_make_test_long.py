"""`make test-long` runs the steps that fit into its time, and names the others with the reason."""

from __future__ import annotations

from scripts import long_tests


def _outcomes(*steps: long_tests.Step, minutes: float = 10.0) -> list[str]:
    return [" ".join(str(outcome).split()[:3]) for outcome in long_tests.run(steps, minutes=minutes)]


def test_step_that_does_not_fit_is_left_out_and_a_shorter_one_after_it_runs() -> None:
    steps = long_tests.Step("soak", 11.0, ("false",)), long_tests.Step("kills", 1.0, ("true",))
    assert _outcomes(*steps) == ["left out soak", "passed kills 0"]


def test_step_after_a_failed_one_runs() -> None:
    steps = long_tests.Step("kills", 1.0, ("false",)), long_tests.Step("unit", 1.0, ("true",))
    assert _outcomes(*steps) == ["FAILED kills 0", "passed unit 0"]


def test_step_that_the_machine_cannot_run_is_left_out_with_the_reason() -> None:
    step = long_tests.Step("newest-python", 1.0, ("false",), lambda: "no Python 3.14")
    (outcome,) = long_tests.run([step], minutes=10.0)
    assert str(outcome).endswith("newest-python     no Python 3.14")
    assert not outcome.failed


def test_each_step_takes_at_least_as_long_as_the_one_before_it() -> None:
    minutes = [step.minutes for step in long_tests.STEPS]
    assert minutes == sorted(minutes)
