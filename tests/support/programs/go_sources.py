"""The Go programs of the dev cluster: which module and which call of `go build` makes each of them."""

import hashlib
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "go"
"""The modules. A go.mod pins all versions of its programs, so programs that need other versions have their own module.

Pushgateway, as the other side of comparisons, and prometheus-operator need older libraries than Prometheus, and so do
the other scrapers: Prometheus 2, VictoriaMetrics and Telegraf. Kubernetes replaces its libraries with those of its own
release.
"""

PROMETHEUS_OPERATOR = "github.com/prometheus-operator/prometheus-operator"

_COMPILE = ("-trimpath", "-gcflags=all=-dwarf=false")
"""Flags of every build, so that all of them share compiled packages. Nothing here reads debug information."""
_LINK = "-s -w"
_PROMETHEUS = "github.com/prometheus/prometheus/cmd"
_VICTORIA_METRICS = "github.com/VictoriaMetrics/VictoriaMetrics/app"


@dataclass(frozen=True, kw_only=True)
class Program:
    """An executable and the names by which it is called."""

    package: str
    """Its Go package, or a folder of the module such as `./node`."""
    names: tuple[str, ...] = ()
    """The names by which it can be called, if they differ from the package's last element."""

    @property
    def file(self) -> str:
        """The name that `go build` gives it."""
        return self.package.rpartition("/")[2]

    @property
    def called(self) -> tuple[str, ...]:
        """All names by which it can be called."""
        return self.names or (self.file,)


@dataclass(frozen=True, kw_only=True)
class Build:
    """One call of `go build`: programs of one module that the same tests need."""

    module: str
    """The name of the folder; its go.mod and go.sum pin every version."""
    programs: tuple[Program, ...]
    tags: str = ""
    stamps: tuple[tuple[str, str], ...] = ()
    """Variables that the linker sets: versions that the programs report."""
    usual: str
    """Approximate duration on two cores with empty caches, for progress messages."""
    is_of_node: bool = False
    """Whether only a real node (`make e2e`) needs it."""
    is_of_long_tests: bool = False
    """Whether only tests with the marker `long` need it."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all programs."""
        return tuple(name for program in self.programs for name in program.called)

    @property
    def packages(self) -> list[str]:
        """The arguments of `go list` and the last arguments of `go build`."""
        return [program.package for program in self.programs]

    @property
    def folder(self) -> Path:
        """The folder with go.mod."""
        return FOLDER / self.module

    @property
    def selection(self) -> list[str]:
        """The flags on which the set of packages depends."""
        return ["-tags", self.tags] if self.tags else []

    @property
    def flags(self) -> list[str]:
        """The arguments of `go build`, without the output path and packages."""
        set_by_linker = [f"-X {variable}={text}" for variable, text in self.stamps]
        return [*_COMPILE, *self.selection, "-ldflags", " ".join([_LINK, *set_by_linker])]


def _kubernetes_version(version: str) -> tuple[tuple[str, str], ...]:
    """The version reported by `kubectl version` and /version; without it, it is v0.0.0."""
    major, minor, _ = version.removeprefix("v").split(".")
    texts = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return tuple((f"k8s.io/component-base/version.{name}", text) for name, text in texts.items())


_KUBERNETES = _kubernetes_version("v1.36.3")
_NO_DISCOVERY = "netgo,remove_all_sd"
"""Without service discovery, Prometheus has 1,043 packages instead of some 2,000."""

BUILDS = (
    Build(
        module="kubernetes",
        programs=(
            Program(
                package="./controlplane",
                names=("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"),
            ),
            Program(package="k8s.io/kubernetes/cmd/kubectl"),
        ),
        stamps=_KUBERNETES,
        usual="5 min",
    ),
    Build(
        module="tools",
        programs=(Program(package=f"{_PROMETHEUS}/prometheus"),),
        tags=_NO_DISCOVERY,
        usual="2 min",
    ),
    Build(
        module="tools",
        programs=(
            Program(package=f"{_PROMETHEUS}/promtool"),
            Program(package="helm.sh/helm/v4/cmd/helm"),
            Program(package="github.com/yannh/kubeconform/cmd/kubeconform"),
            Program(package="./pushclient"),
        ),
        tags=_NO_DISCOVERY,
        # Without this, helm reports v4.3.
        stamps=(("helm.sh/helm/v4/internal/version.version", "v4.3.1"),),
        usual="3 min",
    ),
    Build(
        module="pushgateway",
        programs=(Program(package="github.com/prometheus/pushgateway"),),
        # Without this, it does not report its version.
        stamps=(("github.com/prometheus/common/version.Version", "1.11.3"),),
        usual="1 min",
    ),
    Build(
        module="prometheus-2",
        programs=(Program(package=f"{_PROMETHEUS}/prometheus", names=("prometheus-2.42",)),),
        tags="netgo",
        # Without this, its User-Agent has no version.
        stamps=(("github.com/prometheus/common/version.Version", "2.42.0"),),
        usual="2.5 min",
        is_of_long_tests=True,
    ),
    Build(
        module="victoria-metrics",
        programs=(
            Program(package=f"{_VICTORIA_METRICS}/vmagent"),
            Program(package=f"{_VICTORIA_METRICS}/victoria-metrics"),
        ),
        usual="0.5 min",
    ),
    Build(
        module="telegraf",
        programs=(Program(package="github.com/influxdata/telegraf/cmd/telegraf"),),
        # Without these, it has some 400 plugins.
        tags="custom,inputs.prometheus,outputs.file,parsers.openmetrics,parsers.prometheus,serializers.json",
        # Without this, its User-Agent has no version.
        stamps=(("github.com/influxdata/telegraf/internal.Version", "1.37.0"),),
        usual="2.5 min",
        is_of_long_tests=True,
    ),
    Build(
        module="kubernetes",
        programs=(Program(package="./node", names=("kubelet", "kube-proxy")),),
        stamps=_KUBERNETES,
        usual="1 min",
        is_of_node=True,
    ),
    Build(
        module="tools",
        programs=(
            Program(package="./coredns"),
            Program(package="./pause"),
            # prometheus-operator configures service discovery.
            Program(package=f"{_PROMETHEUS}/prometheus", names=("prometheus-with-discovery",)),
        ),
        tags=f"{_NO_DISCOVERY},enable_kubernetes_sd",
        usual="1 min",
        is_of_node=True,
    ),
    Build(
        module="prometheus-operator",
        programs=(
            Program(package=f"{PROMETHEUS_OPERATOR}/cmd/operator"),
            Program(package=f"{PROMETHEUS_OPERATOR}/cmd/prometheus-config-reloader"),
        ),
        # The operator compares its version with the CRDs that it finds.
        stamps=(("github.com/prometheus/common/version.Version", "0.85.0"),),
        usual="2 min",
        is_of_node=True,
    ),
)


def fingerprint(build: Build, *, flags: Sequence[str]) -> str:
    """A short hash of everything that the built programs depend on."""
    digest = hashlib.sha256("\0".join([*flags, *build.packages, *build.names, *_target()]).encode())
    own = (build.folder / program.package for program in build.programs if program.package.startswith("./"))
    for folder in (build.folder, *own):
        for path in sorted(path for path in folder.iterdir() if path.is_file()):
            digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _target() -> tuple[str, str]:
    return os.environ.get("GOOS", sys.platform), os.environ.get("GOARCH", platform.machine())
