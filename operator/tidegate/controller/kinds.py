"""The kinds of objects whose life a group can follow: one small table.

Jobs and CronJobs are always looked at. Any other kind is looked at where a flag says so, since each needs rights of its
own: by a word, or as ``group/version/plural:END`` with an end as :func:`tidegate.controller.ends.parse` reads it.
"""

from __future__ import annotations

from dataclasses import dataclass

from tidegate.controller import ends

_PLAIN_GROUPS = ("", "batch")
"""API groups whose kinds are called by their own word: Pod, Job and CronJob."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A line of the table.

    :param name: the kind as it stands in an owner (:func:`word`); empty where only the API server knows it.
    :param finish: reads from an object how it ended.
    :param template: the way to what speaks for its groups, by labels and annotations; empty for the object itself.
    :param pod: the way to the spec of its pods, for their host name; empty where nobody knows.
    :param bare: whether only what nothing else controls is of interest.
    :param fields: a field selector, for lists and watches.
    """

    group: str
    version: str
    plural: str
    finish: ends.Reader
    name: str = ""
    template: tuple[str, ...] = ()
    pod: tuple[str, ...] = ()
    bare: bool = False
    fields: str = ""


def word(kind: str, *, group: str) -> str:
    """What a kind is called here: ``Workflow.argoproj.io``, so that no two are called alike."""
    return kind if group in _PLAIN_GROUPS else f"{kind}.{group}"


JOB = Kind(
    group="batch",
    version="v1",
    plural="jobs",
    name="Job",
    # Only these two are terminal: SuccessCriteriaMet and FailureTarget leave pods running.
    finish=ends.parse("status.conditions=Complete/Failed"),
    pod=("spec", "template", "spec"),
)
CRONJOB = Kind(
    group="batch",
    version="v1",
    plural="cronjobs",
    name="CronJob",
    finish=ends.never,
    template=("spec", "jobTemplate"),
)
ALWAYS = (JOB, CRONJOB)
POD = Kind(
    group="",
    version="v1",
    plural="pods",
    name="Pod",
    finish=ends.pod,
    pod=("spec",),
    bare=True,
    # What is always started anew never ends: this leaves out the pods of all services.
    fields="spec.restartPolicy!=Always",
)
WORKFLOW = Kind(
    group="argoproj.io",
    version="v1alpha1",
    plural="workflows",
    name="Workflow.argoproj.io",
    finish=ends.parse("status.phase=Succeeded/Failed,Error"),
)
TASKRUN = Kind(
    group="tekton.dev",
    version="v1",
    plural="taskruns",
    name="TaskRun.tekton.dev",
    finish=ends.parse("status.conditions.Succeeded=True/False"),
)
BY_WORD = {kind.plural: kind for kind in (POD, WORKFLOW, TASKRUN)}
"""Those that a flag may name by one word."""
