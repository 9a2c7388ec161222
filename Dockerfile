# One image for both containers of the Pod: it runs the gateway by default, and the operator with the argument
# `operator`.
# Supported base images are Debian's slim images of Python 3.11 to 3.14; tests/node/images builds and runs the version below.
# If you build images for others, pin the base by digest:
#   docker build --build-arg PYTHON_IMAGE=python:3.14-slim@sha256:... .
ARG PYTHON_IMAGE=base

FROM python:3.14-slim AS base

FROM ${PYTHON_IMAGE} AS build
# The last three make builds reproducible: no timestamps, and a fixed order.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 \
    PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 SOURCE_DATE_EPOCH=315532800
WORKDIR /src
COPY requirements/build.txt requirements/runtime.txt requirements/
# The shipped environment has no pip; the build environment installs into it.
RUN python -m venv /build \
    && python -m venv --without-pip /opt/tidegate \
    && /build/bin/pip install --require-hashes --only-binary=:all: -r requirements/build.txt \
    && /build/bin/pip --python /opt/tidegate/bin/python install --no-compile --require-hashes \
        --only-binary=:all: -r requirements/runtime.txt
COPY LICENSE README.md pyproject.toml ./
COPY operator operator
# Installed by name, because pip records the path and hash of a file. The kubernetes package's model and API classes are
# deleted: they are two thirds of the environment, are loaded lazily and are not used. The operator parses plain JSON.
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
    org.opencontainers.image.description="A Prometheus push gateway that deletes the metrics of finished Kubernetes Jobs" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/tidegate /opt/tidegate
# HOME: the user has no home directory, and the kubernetes package needs one.
# PYTHONDONTWRITEBYTECODE: the bytecode is already compiled, so the root file system may be read-only.
ENV PATH=/opt/tidegate/bin:$PATH HOME=/ PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
# Numeric, so that the kubelet can check runAsNonRoot.
USER 65532:65532
# 9091: push and scrape. 9093: the operator's metrics and probes. The control API (9092) is only on loopback.
EXPOSE 9091 9093
ENTRYPOINT ["tidegate"]
CMD ["gateway"]
