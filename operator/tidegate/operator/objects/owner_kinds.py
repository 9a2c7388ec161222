"""The kinds of objects whose life a group can follow: one small table.

Jobs and CronJobs are always looked at. Any other kind is looked at where a flag says so, since each needs rights of its
own: by a word, or as ``group/version/plural:END`` with an end as :func:`tidegate.operator.objects.completion.parse`
reads it. What such an object is called in its ``kind`` only the API server knows
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
"""API groups whose kinds are called by their own word: Pod, Job and CronJob."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A line of the table.

    :param name: the kind as it stands in an owner (:func:`word`); empty where only the API server knows it.
    :param finish: reads from an object how it ended.
    :param template: the way to what speaks for its groups, by labels and annotations; empty for the object itself.
    :param place: what ``template`` leads to is called.
    :param unread: ways to metadata whose annotations are not read though people write some there, and what they are
        called.
    :param pod: the way to the spec of its pods, for their host name; empty where nobody knows.
    :param bare: whether only what nothing else controls is of interest.
    :param fields: a field selector, for lists and watches.
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
        """What Kubernetes calls such objects, whatever the version: ``workflows.argoproj.io``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def api_version(self) -> str:
        """As it stands in its objects."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def api_path(self) -> str:
        """The path under which the API server has its group and version."""
        return f"/apis/{self.api_version}" if self.group else f"/api/{self.version}"


def qualified_name(kind: str, *, group: str) -> str:
    """What a kind is called here: ``Workflow.argoproj.io``, so that no two are called alike."""
    return kind if group in _PLAIN_GROUPS else f"{kind}.{group}"


def policy_names(name: str) -> frozenset[str]:
    """What a policy may call a kind: its name here, or what stands in its objects where that is not Kubernetes' own."""
    plain = name.partition(".")[0]
    return frozenset({name} if plain in _BUILT_IN_NAMES else {name, plain})


JOB = Kind(
    group="batch",
    version="v1",
    plural="jobs",
    name="Job",
    # Only these two are terminal: SuccessCriteriaMet and FailureTarget leave pods running.
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
    # What is always started anew never ends: this leaves out the pods of all services.
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
"""Those that a flag may name by one word."""


def watched_kinds(texts: Iterable[str]) -> tuple[Kind, ...]:
    """All kinds to be looked at, where the flag was given with these texts.

    :raises settings.BadSettingsError: a text cannot be read, or two are about one resource.
    """
    kinds = list(ALWAYS_WATCHED)
    for text in texts:
        try:
            kind = parse(text)
        except ValueError as error:
            raise settings.BadSettingsError(f"--watch: {error}") from error
        if any(kind.resource == other.resource for other in kinds):
            raise settings.BadSettingsError(f"--watch={text}: {kind.resource} is watched already; give it once")
        kinds.append(kind)
    return tuple(kinds)


def parse(text: str) -> Kind:
    """The kind that a flag names by a word, or as ``group/version/plural:END`` (core group: ``version/plural:END``).

    ``ValueError`` says what is wrong.
    """
    if text in BY_SHORT_NAME:
        return BY_SHORT_NAME[text]
    resource, colon, end = text.partition(":")
    group, version, plural = ["", *resource.split("/")][-3:] if resource.count("/") in (1, 2) else ("", "", "")
    is_valid = _VERSION.fullmatch(version) and _PLURAL.fullmatch(plural) and (not group or _GROUP.fullmatch(group))
    if not colon or not is_valid or resource.startswith("/"):
        words = ", ".join(sorted(BY_SHORT_NAME))
        raise ValueError(f"{text!r} is none of {words}, and no GROUP/VERSION/PLURAL:END such as {_SAMPLE}")
    try:
        kind = Kind(group=group, version=version, plural=plural, finish=completion.parse(end))
    except ValueError as error:
        raise ValueError(f"{text!r}: {error}") from error
    if kind.resource in {always.resource for always in ALWAYS_WATCHED}:
        raise ValueError(f"{text!r}: {plural} are always watched; leave it out")
    if kind.resource == POD.resource:
        raise ValueError(f"{text!r}: of pods it is known how they end; write {plural}")
    return kind
