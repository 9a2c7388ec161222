"""Random lives: steps that a class offers, drawn at random, made shorter where they fail, and written as a test.

Hypothesis draws and shrinks better, and takes more than half of the time for it. A life is made of few values, so a
seeded generator and a shrinker that leaves steps out are enough, and try three times as many lives.
"""

from __future__ import annotations

import random
import re
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Concatenate, NamedTuple, ParamSpec, Protocol, Self, TypeVar

LONGEST_LIFE = 50
"""Steps."""

_CHOICES = "choices_of_step"

_Life = TypeVar("_Life", bound="Life")
_Arguments = ParamSpec("_Arguments")


class Life(Protocol):
    """A state that steps change, and that is closed in the end."""

    def __init__(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def check(self) -> None:
        """Fail unless all that must always hold does."""
        ...


class Step(NamedTuple):
    """One call of a step."""

    name: str
    arguments: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.arguments.items())})"


class Failure(NamedTuple):
    """A fault and its place. Failures at the same place count as one fault."""

    place: str
    error: str


def step(
    **choices: Sequence[Any],
) -> Callable[[Callable[Concatenate[_Life, _Arguments], None]], Callable[Concatenate[_Life, _Arguments], None]]:
    """Make a method a step, after which everything is checked.

    :param choices: the values that each argument can have, the simplest one first; repeat a value to make it likelier.
    """

    def decorated(
        method: Callable[Concatenate[_Life, _Arguments], None],
    ) -> Callable[Concatenate[_Life, _Arguments], None]:
        def checked(life: _Life, /, *args: _Arguments.args, **kwargs: _Arguments.kwargs) -> None:
            method(life, *args, **kwargs)
            life.check()

        setattr(checked, _CHOICES, choices)
        return checked

    return decorated


class Explorer:
    """Draws lives of one class and lives through them."""

    def __init__(self, life: type[Life]) -> None:
        self._life = life
        self._choices: dict[str, Mapping[str, Sequence[Any]]] = {
            name: getattr(method, _CHOICES) for name, method in vars(life).items() if hasattr(method, _CHOICES)
        }

    def draw(self, seed: int) -> list[Step]:
        """A life. Each has some of the steps and some of the values, so that coincidences are frequent."""
        dice = random.Random(seed)
        names = _some(dice, list(self._choices))
        weights = [dice.random() ** 2 for _ in names]
        values = {
            name: {argument: _some(dice, choices) for argument, choices in self._choices[name].items()}
            for name in names
        }
        drawn = dice.choices(names, weights, k=dice.randint(1, LONGEST_LIFE))
        return [
            Step(name, {argument: dice.choice(choices) for argument, choices in values[name].items()}) for name in drawn
        ]

    def failure(self, steps: Sequence[Step]) -> Failure | None:
        """Live through these steps; what fails, or ``None``."""
        with self._life() as life:
            try:
                for name, arguments in steps:
                    getattr(life, name)(**arguments)
            except Exception as error:  # noqa: BLE001 - whatever fails is what is looked for
                last = traceback.extract_tb(error.__traceback__)[-1]
                return Failure(f"{last.filename}:{last.lineno}", f"{type(error).__name__}: {error}")
        return None

    def shrunk(self, steps: Sequence[Step]) -> list[Step]:
        """The same fault in as few and as simple steps as can be found by leaving out and replacing."""
        failure = self.failure(steps)
        assert failure is not None
        best, again = list(steps), True
        while again:
            again = False
            for shorter in self._simpler(best):
                found = self.failure(shorter)
                if found is not None and found.place == failure.place:
                    best, again = shorter, True
                    break
        return best

    def as_test(self, steps: Sequence[Step], *, failure: Failure, seed: int) -> str:
        """The source of a test of these steps, ready to be pasted beside the others."""
        words = "_".join(re.findall(r"[a-z0-9]+", failure.error.lower()))[:80]
        kind = f"{self._life.__module__.rpartition('.')[2]}.{self._life.__name__}"
        calls = "\n".join(f"    life.{step}" for step in steps)
        return f"def test_life_{seed}_{words}(life: {kind}) -> None:\n{calls}\n"

    def _simpler(self, steps: Sequence[Step]) -> Iterator[list[Step]]:
        size = len(steps) // 2
        while size:
            for start in range(0, len(steps), size):
                yield [*steps[:start], *steps[start + size :]]
            size //= 2
        for index, (name, arguments) in enumerate(steps):
            for argument, choices in self._choices[name].items():
                for simpler in choices[: choices.index(arguments[argument])]:
                    yield [*steps[:index], Step(name, {**arguments, argument: simpler}), *steps[index + 1 :]]


_Value = TypeVar("_Value")


def _some(dice: random.Random, values: Sequence[_Value]) -> list[_Value]:
    return dice.sample(values, dice.randint(1, len(values)))
