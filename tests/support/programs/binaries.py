"""The programs of the dev cluster, from KUBEBUILDER_ASSETS, the cache, or a build from the Go module proxy.

Runnable alone (`python tests/support/programs/binaries.py` builds all of them, or those it names, and prints their
paths), so it imports only the standard library. No prebuilt program is downloaded: `go.sum` pins everything that runs.
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

PROGRESS_SECONDS = 15.0
"""Interval of progress messages during a long step."""

_GO_SOURCES = Path(__file__).resolve().parent / "go"
USUAL_GO = Path("/usr/local/go/bin/go")
"""The default path of Go's installation instructions; the PATH of a CI shell often lacks it."""

_PROMETHEUS_OPERATOR = "github.com/prometheus-operator/prometheus-operator"
_OPERATOR_VERSION = "v0.85.0"
_OPERATOR_SUM = "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s="
_CRD_FILES = "example/prometheus-operator-crd/monitoring.coreos.com_{}.yaml"
_CRD_KINDS = ("servicemonitors", "podmonitors", "prometheusrules")


class MissingToolError(Exception):
    """A program is not available on this machine; the message is one line that says what to do."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A Go module below `go/` and the programs that are built from it."""

    module: str
    """The name of the folder; its go.mod and go.sum pin every version."""
    packages: Mapping[str, str]
    """Go packages by program name."""
    flags: tuple[str, ...] = ()
    ldflags: str = "-s -w"
    usual: str
    """Approximate duration of a clean build on two cores, for progress messages."""
    is_of_node: bool = False
    """Whether only a real node (`make e2e`) needs it."""


def _kubernetes_ldflags(version: str) -> str:
    """Linker flags that set the version reported by `kubectl version` and /version; without them it is v0.0.0."""
    major, minor, _ = version.removeprefix("v").split(".")
    stamp = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    return " ".join(["-s -w", *(f"-X k8s.io/component-base/version.{name}={text}" for name, text in stamp.items())])


SOURCES = (
    Source(
        module="kubernetes",
        packages={
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
        },
        ldflags=_kubernetes_ldflags("v1.36.3"),
        usual="7 min",
    ),
    Source(
        module="kubernetes",
        packages={name: f"k8s.io/kubernetes/cmd/{name}" for name in ("kubelet", "kube-proxy")},
        ldflags=_kubernetes_ldflags("v1.36.3"),
        usual="1 min after that",
        is_of_node=True,
    ),
    Source(module="pause", packages={"pause": "."}, usual="a few seconds", is_of_node=True),
    Source(module="coredns", packages={"coredns": "."}, usual="1 min", is_of_node=True),
    Source(
        module="prometheus-operator",
        packages={
            "operator": f"{_PROMETHEUS_OPERATOR}/cmd/operator",
            "prometheus-config-reloader": f"{_PROMETHEUS_OPERATOR}/cmd/prometheus-config-reloader",
        },
        # The operator compares its version with the CRDs that it finds.
        ldflags="-s -w -X github.com/prometheus/common/version.Version=0.85.0",
        usual="2 min",
        is_of_node=True,
    ),
    Source(module="etcd", packages={"etcd": "."}, usual="1 min"),
    Source(
        module="prometheus",
        packages={name: f"github.com/prometheus/prometheus/cmd/{name}" for name in ("prometheus", "promtool")},
        # Without the service discoveries of cloud providers, it builds three times faster.
        flags=("-tags", "netgo,remove_all_sd,enable_kubernetes_sd"),
        usual="4 min",
    ),
    Source(
        module="pushgateway",
        packages={"pushgateway": "github.com/prometheus/pushgateway"},
        # Without this, it does not report its version.
        ldflags="-s -w -X github.com/prometheus/common/version.Version=1.11.3",
        usual="1 min",
    ),
    Source(module="pushclient", packages={"pushclient": "."}, usual="1 min"),
    Source(
        module="helm",
        packages={"helm": "helm.sh/helm/v4/cmd/helm"},
        # Without this, it reports v4.3.
        ldflags="-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1",
        usual="3 min",
    ),
    Source(
        module="kubeconform", packages={"kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform"}, usual="1 min"
    ),
)


def ensure(names: Iterable[str]) -> dict[str, Path]:
    """The path of each named program; programs that are in neither KUBEBUILDER_ASSETS nor the cache are built.

    Raises `MissingToolError` if a program cannot be built.
    """
    wanted = list(names)
    found = _from_assets(wanted)
    for source in SOURCES:
        missing = [name for name in wanted if name in source.packages and name not in found]
        if missing:
            folder = _built(source)
            found.update({name: folder / name for name in missing})
    unknown = [name for name in wanted if name not in found]
    if unknown:
        raise MissingToolError(f"no source is known for {', '.join(unknown)}")
    return found


def every_name() -> list[str]:
    """All programs of the dev cluster, without those that only a real node needs."""
    return [name for source in SOURCES if not source.is_of_node for name in source.packages]


def prometheus_operator_crds() -> Path:
    """The folder with the CRDs of prometheus-operator that the manifests use, from its Go module."""
    return _of_prometheus_operator("-".join(["crds", *_CRD_KINDS]), [_CRD_FILES.format(kind) for kind in _CRD_KINDS])


def prometheus_operator_bundle() -> Path:
    """The installation manifest of prometheus-operator: CRDs, RBAC objects and Deployment in one file."""
    return _of_prometheus_operator("bundle", ["bundle.yaml"]) / "bundle.yaml"


def _of_prometheus_operator(what: str, files: Sequence[str]) -> Path:
    """A cache folder with these files of its Go module."""
    folder = cache_root() / f"prometheus-operator-{what}-{_OPERATOR_VERSION}"
    with turn(folder):
        if not folder.exists():
            described = _go(
                ["mod", "download", "-json", f"{_PROMETHEUS_OPERATOR}@{_OPERATOR_VERSION}"], folder=cache_root()
            )
            module = json.loads(described)
            if module["Sum"] != _OPERATOR_SUM:
                found = f"{_PROMETHEUS_OPERATOR} {_OPERATOR_VERSION} has sum {module['Sum']}"
                raise MissingToolError(f"{found}, not {_OPERATOR_SUM}")
            with installing(folder) as draft:
                for name in files:
                    source = Path(module["Dir"]) / name
                    shutil.copyfile(source, draft / source.name)
    return folder


def _from_assets(names: Iterable[str]) -> dict[str, Path]:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if not assets:
        return {}
    candidates = {name: Path(assets) / name for name in names}
    return {name: path.resolve() for name, path in candidates.items() if os.access(path, os.X_OK) and path.is_file()}


def _built(source: Source) -> Path:
    """The cache folder with the programs of the source, built if necessary."""
    command = build_command(source)
    folder = cache_root() / f"{source.module}-{fingerprint(source, command)}"
    with turn(folder):
        if not folder.exists():
            programs = ", ".join(source.packages)
            with installing(folder) as draft:
                _go(
                    [*command, "-o", f"{draft}/", *source.packages.values()],
                    folder=_GO_SOURCES / source.module,
                    saying=f"building {programs} with Go (about {source.usual} on two cores, once)",
                )
    return folder


def build_file(file: Path, *, module: str, program: Path) -> None:
    """Build one more program from a single file, with the libraries that a module below `go/` pins.

    :raises MissingToolError: go is missing, or the build failed.
    """
    _go(["build", "-o", str(program), str(file)], folder=_GO_SOURCES / module)


def build_command(source: Source) -> list[str]:
    """The arguments of go, without the output path and packages."""
    return ["build", "-trimpath", *source.flags, "-ldflags", source.ldflags]


def fingerprint(source: Source, command: Sequence[str]) -> str:
    """A short hash of everything that the built programs depend on."""
    digest = hashlib.sha256("\0".join([*command, *source.packages.values(), *_target()]).encode())
    for path in sorted((_GO_SOURCES / source.module).iterdir()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def _target() -> tuple[str, str]:
    return os.environ.get("GOOS", sys.platform), os.environ.get("GOARCH", platform.machine())


def cache_root() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    root = Path(base) / "tidegate"
    root.mkdir(parents=True, exist_ok=True)
    return root


@contextmanager
def turn(folder: Path) -> Iterator[None]:
    """Lock `folder` so that only one process builds it; the next one waits and finds it built."""
    with folder.with_name(folder.name + ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting: another process is making {folder.name}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def installing(folder: Path) -> Iterator[Path]:
    """A draft folder that is renamed to `folder` if the block succeeds, and deleted if it fails."""
    draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        draft.chmod(0o755)
        yield draft
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _go(arguments: Sequence[str], *, folder: Path, saying: str | None = None) -> str:
    """Run go and return its output; while it runs, print `saying` with the elapsed time."""
    go = shutil.which("go") or (str(USUAL_GO) if USUAL_GO.exists() else None)
    if go is None:
        raise MissingToolError("go is not on PATH: install Go 1.26 or newer, or set KUBEBUILDER_ASSETS")
    _check_version(go, folder)
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly -buildvcs=false"}
    with (
        tempfile.TemporaryFile("w+") as output,
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen([go, *arguments], cwd=folder, env=environment, stdout=output, stderr=errors) as process,
    ):
        code = wait(process, saying=saying)
        output.seek(0)
        errors.seek(0)
        if code != 0:
            last = "\n".join(errors.read().splitlines()[-20:])
            raise MissingToolError(f"go {arguments[0]} failed in {folder} with exit code {code}:\n{last}")
        return output.read()


def _check_version(go: str, folder: Path) -> None:
    """Check go's version: go reads the required version from the module and may fetch a newer toolchain."""
    asked = subprocess.run([go, "version"], cwd=folder, capture_output=True, text=True, check=False)
    if asked.returncode != 0:
        reason = " ".join(asked.stderr.split())
        raise MissingToolError(f"{go} is too old: install Go 1.26.7 or newer, or set KUBEBUILDER_ASSETS ({reason})")


def wait(process: subprocess.Popen[bytes], *, saying: str | None) -> int:
    """Wait for the process and return its exit code; print progress meanwhile. Interrupting the wait kills it."""
    started = time.monotonic()
    if saying:
        say(saying)
    try:
        while True:
            try:
                return process.wait(timeout=PROGRESS_SECONDS)
            except subprocess.TimeoutExpired:
                if saying:
                    say(f"{saying}: {time.monotonic() - started:.0f} s so far")
    except BaseException:
        process.terminate()
        raise


def say(text: str) -> None:
    """Print a progress message to stderr; stdout is for results."""
    print(f"cluster: {text}", file=sys.stderr, flush=True)


def main(names: Sequence[str]) -> int:
    """Build these programs, or all programs and other files of the cluster, and print `name path` lines."""
    try:
        for name, path in ensure(names or every_name()).items():
            print(f"{name} {path}")
        if not names:
            print(f"prometheus-operator-crds {prometheus_operator_crds()}")
    except MissingToolError as error:
        print(f"cluster: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
