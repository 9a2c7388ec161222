# One image for both containers of the Pod: `gateway` by default, `operator` as the argument.
# Supported bases are Debian's slim images of Python 3.11 to 3.14; tests/images builds and runs this one's Python version.
# Pin the base by digest where images are built for others:
#   docker build --build-arg PYTHON_IMAGE=python:3.14-slim@sha256:... .
ARG PYTHON_IMAGE=python:3.14-slim

FROM ${PYTHON_IMAGE} AS build
# With the last three the same files make the same image: no time is noted, and no order changes.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 \
    PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 SOURCE_DATE_EPOCH=315532800
WORKDIR /src
COPY requirements/build.txt requirements/runtime.txt requirements/
# The environment that is shipped has no pip; that of the build installs into it.
RUN python -m venv /build \
    && python -m venv --without-pip /opt/tidegate \
    && /build/bin/pip install --require-hashes --only-binary=:all: -r requirements/build.txt \
    && /build/bin/pip --python /opt/tidegate/bin/python install --no-compile --require-hashes \
        --only-binary=:all: -r requirements/runtime.txt
COPY LICENSE README.md pyproject.toml ./
COPY operator operator
# Installed by name and not as a file, whose path and hash would be noted. Two thirds of all there is would then be
# Kubernetes' classes of kinds and verbs, each loaded when it is first asked for, and none of them used: what the operator
# lists it cuts out of plain JSON.
RUN /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . \
    && /build/bin/pip --python /opt/tidegate/bin/python install --no-compile --no-deps --no-index \
        --find-links=/wheels tidegate \
    && find /opt/tidegate/lib/python3*/site-packages/kubernetes -path '*/client/api/*.py' ! -name __init__.py -delete \
    && find /opt/tidegate/lib/python3*/site-packages/kubernetes -path '*/client/models/*.py' ! -name __init__.py -delete \
    && find /opt/tidegate/bin -type f ! -name tidegate -delete \
    && /opt/tidegate/bin/python -m compileall -q --invalidation-mode=unchecked-hash /opt/tidegate/lib \
    && find /opt/tidegate -exec touch --no-dereference --date=@0 {} +

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="tidegate" \
    org.opencontainers.image.description="A push gateway for Prometheus that clears itself" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/tidegate /opt/tidegate
# The user has no home of its own, and the kubernetes package asks for one.
# The bytecode was compiled above: nothing needs to be written, so the root file system may be read-only.
ENV PATH=/opt/tidegate/bin:$PATH HOME=/ PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# By number, so that runAsNonRoot can be checked without the image's /etc/passwd.
USER 65532:65532
# Push and scrape; the operator's metrics and probes. The control API (9092) stays on loopback.
EXPOSE 9091 9093
ENTRYPOINT ["tidegate"]
CMD ["gateway"]
