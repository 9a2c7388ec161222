"""The programs of the dev cluster, from KUBEBUILDER_ASSETS, the cache, or a build from the Go module proxy.

Runnable alone (`python -m tests.support.programs.binaries` builds all of them, or those it names, and prints their
paths). No prebuilt program is downloaded: `go.sum` pins everything that runs.
"""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tests.support.programs import go_sources, go_toolchain, tool_cache

_OPERATOR_VERSION = "v0.85.0"
_OPERATOR_SUM = "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s="
_CRD_FILES = "example/prometheus-operator-crd/monitoring.coreos.com_{}.yaml"
_CRD_KINDS = ("servicemonitors", "podmonitors", "prometheusrules")


class MissingToolError(Exception):
    """A program is not available on this machine; the message is one line that says what to do."""


def ensure(names: Iterable[str]) -> dict[str, Path]:
    """The path of each named program; programs that are in neither KUBEBUILDER_ASSETS nor the cache are built.

    :raises MissingToolError: a program cannot be built.
    """
    wanted = list(names)
    found = _from_assets(wanted)
    missing = [name for name in wanted if name not in found]
    builds = [build for build in go_sources.BUILDS if not set(missing).isdisjoint(build.names)]
    with _go_errors():
        _build([build for build in builds if not cache_folder(build).exists()])
    found |= {name: cache_folder(build) / name for build in builds for name in build.names if name in missing}
    unknown = [name for name in wanted if name not in found]
    if unknown:
        raise MissingToolError(f"no source is known for {', '.join(unknown)}")
    return found


def every_name() -> list[str]:
    """All programs of the dev cluster, without those that only a real node or a long test needs."""
    builds = (build for build in go_sources.BUILDS if not build.is_of_node and not build.is_of_long_tests)
    return [name for build in builds for name in build.names]


def cache_folder(build: go_sources.Build) -> Path:
    """The folder in the cache with the programs of this build, whether it exists or not."""
    return tool_cache.cache_root() / f"{build.module}-{go_sources.fingerprint(build, flags=build.flags)}"


def prometheus_operator_crds() -> Path:
    """The folder with the CRDs of prometheus-operator that the manifests use, from its Go module."""
    return _of_prometheus_operator("-".join(["crds", *_CRD_KINDS]), [_CRD_FILES.format(kind) for kind in _CRD_KINDS])


def prometheus_operator_bundle() -> Path:
    """The installation manifest of prometheus-operator: CRDs, RBAC objects and Deployment in one file."""
    return _of_prometheus_operator("bundle", ["bundle.yaml"]) / "bundle.yaml"


def build_file(file: Path, *, module: str, program: Path) -> None:
    """Build one more program from a single file, with the libraries that a module below `go/` pins.

    :raises MissingToolError: go is missing, or the build failed.
    """
    with _go_errors():
        go_toolchain.run(["build", "-o", str(program), str(file)], folder=go_sources.FOLDER / module)


def _of_prometheus_operator(what: str, files: Sequence[str]) -> Path:
    """A cache folder with these files of its Go module."""
    folder = tool_cache.cache_root() / f"prometheus-operator-{what}-{_OPERATOR_VERSION}"
    with tool_cache.turn(folder), _go_errors():
        if not folder.exists():
            versioned = f"{go_sources.PROMETHEUS_OPERATOR}@{_OPERATOR_VERSION}"
            described = go_toolchain.run(["mod", "download", "-json", versioned], folder=tool_cache.cache_root())
            module = json.loads(described)
            if module["Sum"] != _OPERATOR_SUM:
                found = f"{versioned} has sum {module['Sum']}"
                raise MissingToolError(f"{found}, not {_OPERATOR_SUM}")
            with tool_cache.installing(folder) as draft:
                for name in files:
                    source = Path(module["Dir"]) / name
                    shutil.copyfile(source, draft / source.name)
    return folder


def _from_assets(names: Iterable[str]) -> dict[str, Path]:
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if not assets:
        return {}
    candidates = {name: Path(assets) / name for name in names}
    return {name: path.absolute() for name, path in candidates.items() if os.access(path, os.X_OK) and path.is_file()}


def _build(builds: Sequence[go_sources.Build]) -> None:
    """Make these builds one after another; during each of them, the modules of the next one are downloaded."""
    with contextlib.ExitStack() as stack:
        listings: dict[int, go_toolchain.Listing] = {}

        def listing(number: int) -> go_toolchain.Listing:
            if number not in listings:
                arguments = [*builds[number].selection, *builds[number].packages]
                started = go_toolchain.listing(arguments, folder=builds[number].folder)
                listings[number] = stack.enter_context(started)
            return listings[number]

        for number, build in enumerate(builds):
            with tool_cache.turn(cache_folder(build)):
                if cache_folder(build).exists():
                    continue
                packages = listing(number).packages(saying=f"downloading the Go modules of {build.module}")
                if number + 1 < len(builds):
                    listing(number + 1)
                share = f", build {number + 1} of {len(builds)}" if len(builds) > 1 else ""
                _compile(build, packages=packages, usual=f"about {build.usual} on two cores, once{share}")


def _compile(build: go_sources.Build, *, packages: Sequence[str], usual: str) -> None:
    """Fill the cache folder of this build."""
    with tool_cache.installing(cache_folder(build)) as draft:
        go_toolchain.build(
            [*build.flags, "-o", f"{draft}/", *build.packages],
            folder=build.folder,
            packages=packages,
            saying=f"building {', '.join(build.names)} with Go",
            usual=usual,
        )
        for program in build.programs:
            for name in program.names:
                (draft / name).symlink_to(program.file)


@contextlib.contextmanager
def _go_errors() -> Iterator[None]:
    """Raise `MissingToolError` in place of an error of Go."""
    try:
        yield
    except go_toolchain.GoError as error:
        raise MissingToolError(str(error)) from error


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
