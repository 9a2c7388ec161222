"""The kinds of objects that can own groups.

Jobs and CronJobs are always watched. Other kinds are watched if ``--watch`` names them, since each needs its own
permissions: by a short name, or as ``group/version/plural:END``, where END is a rule for
:func:`tidegate.operator.objects.completion.parse`. The ``kind`` of such objects is discovered from the API server
(:mod:`tidegate.operator.objects.served_kinds`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tidegate import settings
from tidegate.operator.objects import completion

_GROUP = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_VERSION = re.compile(r"v[a-z0-9]+")
_PLURAL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_SAMPLE = "example.com/v1/runs:status.conditions.Done"

_PLAIN_GROUPS = ("", "batch")
"""API groups whose kinds need no qualified name: Pod, Job and CronJob."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of objects that can own groups.

    :param finish: reads from an object how it finished.
    :param name: the qualified name of the kind (:func:`qualified_name`); empty until it is discovered.
    :param template_path: the path to the template whose labels and annotations apply; empty for the object itself.
    :param template_name: what messages call that template.
    :param ignored_templates: names and paths of other templates, whose annotations have no effect.
    :param pod_spec_path: the path to the spec of its pods, for their hostname; empty if unknown.
    :param standalone_only: whether objects with a controller are ignored.
    :param field_selector: a field selector for lists and watches.
    """

    group: str
    version: str
    plural: str
    finish: completion.FinishReader
    name: str = ""
    template_path: tuple[str, ...] = ()
    template_name: str = "the object itself"
    ignored_templates: tuple[tuple[str, tuple[str, ...]], ...] = ()
    pod_spec_path: tuple[str, ...] = ()
    standalone_only: bool = False
    field_selector: str = ""

    @property
    def resource(self) -> str:
        """The resource without its version: ``workflows.argoproj.io``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """The ``apiVersion`` of its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def api_path(self) -> str:
        """The path of its group and version at the API server."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"


def qualified_name(kind: str, *, group: str) -> str:
    """The unique name of a kind: ``Workflow.argoproj.io``."""
    return kind if group in _PLAIN_GROUPS else f"{kind}.{group}"


def policy_names(name: str) -> frozenset[str]:
    """The names of a kind in policies: the qualified name, and the plain ``kind`` if no built-in kind has it."""
    plain = name.partition(".")[0]
    return frozenset({name} if plain in _BUILT_IN_NAMES else {name, plain})


JOB = Kind(
    group="batch",
    version="v1",
    plural="jobs",
    name="Job",
    # Only these two are terminal: with SuccessCriteriaMet and FailureTarget, pods still run.
    finish=completion.parse("status.conditions=Complete/Failed"),
    template_name="the Job itself",
    ignored_templates=(("the pod template", ("spec", "template")),),
    pod_spec_path=("spec", "template", "spec"),
)
CRONJOB = Kind(
    group="batch",
    version="v1",
    plural="cronjobs",
    name="CronJob",
    finish=completion.never_finishes,
    template_path=("spec", "jobTemplate"),
    template_name="the job template",
    ignored_templates=(("the CronJob itself", ()), ("the pod template", ("spec", "jobTemplate", "spec", "template"))),
)
ALWAYS_WATCHED = (JOB, CRONJOB)
POD = Kind(
    group="",
    version="v1",
    plural="pods",
    name="Pod",
    finish=completion.pod_finish,
    pod_spec_path=("spec",),
    standalone_only=True,
    # Pods that are always restarted never finish: this excludes the pods of services.
    field_selector="spec.restartPolicy!=Always",
)
WORKFLOW = Kind(
    group="argoproj.io",
    version="v1alpha1",
    plural="workflows",
    name="Workflow.argoproj.io",
    finish=completion.parse("status.phase=Succeeded/Failed,Error"),
)
TASKRUN = Kind(
    group="tekton.dev",
    version="v1",
    plural="taskruns",
    name="TaskRun.tekton.dev",
    finish=completion.parse("status.conditions.Succeeded=True/False"),
)
_BUILT_IN_NAMES = frozenset({JOB.name, CRONJOB.name, POD.name})
BY_SHORT_NAME = {kind.plural: kind for kind in (POD, WORKFLOW, TASKRUN)}
"""The kinds that ``--watch`` can name by a short name."""


def watched_kinds(texts: Iterable[str]) -> tuple[Kind, ...]:
    """All kinds to watch, for these values of ``--watch``.

    :raises settings.BadSettingsError: a value is invalid, or two values name the same resource.
    """
    kinds = list(ALWAYS_WATCHED)
    for text in texts:
        try:
            kind = parse(text)
        except ValueError as error:
            raise settings.BadSettingsError(f"--watch: {error}") from error
        if any(kind.resource == other.resource for other in kinds):
            raise settings.BadSettingsError(f"--watch={text}: {kind.resource} is already watched; remove this flag")
        kinds.append(kind)
    return tuple(kinds)


def parse(text: str) -> Kind:
    """Parse a short name or ``group/version/plural:END`` (core group: ``version/plural:END``).

    :raises ValueError: the text is not a kind; the message says why.
    """
    if text in BY_SHORT_NAME:
        return BY_SHORT_NAME[text]
    resource, colon, end = text.partition(":")
    group, version, plural = ["", *resource.split("/")][-3:] if resource.count("/") in (1, 2) else ("", "", "")
    is_valid = _VERSION.fullmatch(version) and _PLURAL.fullmatch(plural) and (not group or _GROUP.fullmatch(group))
    if not colon or not is_valid or resource.startswith("/"):
        short_names = ", ".join(sorted(BY_SHORT_NAME))
        raise ValueError(f"{text!r} is neither one of {short_names} nor GROUP/VERSION/PLURAL:END such as {_SAMPLE}")
    try:
        kind = Kind(group=group, version=version, plural=plural, finish=completion.parse(end))
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from error
    if kind.resource in {always.resource for always in ALWAYS_WATCHED}:
        raise ValueError(f"{text!r}: {plural} are always watched; remove this flag")
    if kind.resource == POD.resource:
        raise ValueError(f"{text!r}: pods have a built-in completion rule; write {plural}")
    return kind
