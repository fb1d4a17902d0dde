# The image of monitor: a build stage that has pip, and a final stage that has only what runs.
# Any Python 3.11 to 3.13 will do as the base; pin it by digest with --build-arg BASE=python:...@sha256:...
ARG BASE=python:3.13-slim-trixie

FROM ${BASE} AS build
SHELL ["/bin/sh", "-eu", "-c"]
WORKDIR /build
# Two environments: the tools stay here, /app travels on without pip.
RUN python3 -m venv tools && python3 -m venv --without-pip /app

# Dependencies before the source, so that a change of the source does not fetch them again.
COPY requirements.lock requirements-fast.lock requirements-parquet.lock ./
RUN tools/bin/pip --python /app/bin/python3 install --quiet --disable-pip-version-check --no-cache-dir \
        --require-hashes --no-deps --only-binary :all: \
        --requirement requirements.lock --requirement requirements-fast.lock \
        --requirement requirements-parquet.lock

# Of pyarrow only the writing of Parquet files is used; this leaves out 60 of its 170 MB, and sees that it still loads.
RUN find /app/lib/python3*/site-packages/pyarrow -maxdepth 1 \( -name tests -o -name include -o -name src \
        -o -name 'libarrow_flight.so.*' -o -name 'libarrow_s3.so.*' -o -name '*.pyx' -o -name '*.pxi' \) -exec rm -rf {} + \
    && /app/bin/python3 -c 'import pyarrow.parquet'

# The tools that make the wheel are pinned, hashes included, in the development lock.
COPY requirements-dev.lock ./
RUN awk '/^[a-z]/ { wanted = /^(hatchling|packaging|pathspec|pluggy|trove-classifiers)==/ } wanted' \
        requirements-dev.lock > tools.lock \
    && tools/bin/pip install --quiet --disable-pip-version-check --no-cache-dir \
        --require-hashes --no-deps --only-binary :all: --requirement tools.lock

# What every container starts from; a file of your own takes its place at the same path.
RUN mkdir -p image/etc/monitor \
    && printf '%s\n' \
        '[database]' 'url = "sqlite:////data/monitor.db"' '' \
        '[web]' 'listen = "0.0.0.0:8080"' '' \
        '[summary]' 'directory = "/data/summaries"' '' \
        '[[providers]]' 'name = "nvidia"' 'preset = "nvidia"' > image/etc/monitor/config.toml

COPY pyproject.toml README.md LICENSE ./
COPY migrations ./migrations
COPY monitor ./monitor
RUN tools/bin/pip wheel --quiet --disable-pip-version-check --no-cache-dir \
        --no-deps --no-build-isolation --no-index --wheel-dir dist . \
    && tools/bin/pip --python /app/bin/python3 install --quiet --disable-pip-version-check --no-cache-dir \
        --no-deps --no-index dist/*.whl

FROM ${BASE}
LABEL org.opencontainers.image.title="monitor" \
      org.opencontainers.image.description="Scheduled availability monitor with a history database for hosted-model catalogs" \
      org.opencontainers.image.licenses="MIT"

RUN groupadd --gid 10001 monitor \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin monitor \
    && install --directory --owner 10001 --group 10001 --mode 0750 /data

COPY --from=build /build/image /
COPY --from=build /app /app

# TMPDIR: SQLite sorts large results in temporary files, and /data is all that may be written to.
ENV PATH=/app/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    TMPDIR=/data \
    MONITOR_CONFIG=/etc/monitor/config.toml

# From / the default paths of a configuration ("data/monitor.db") are those of the volume.
WORKDIR /
VOLUME ["/data"]
EXPOSE 8080
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=6s --start-period=60s --retries=3 \
    CMD ["/app/bin/python3", "-m", "monitor.healthcheck"]
ENTRYPOINT ["monitor"]
CMD ["run"]
