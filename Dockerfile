# Diptych for servers: the command line, the service and the cluster, on the CPU, as a user without rights.
FROM python:3.12-slim-bookworm AS build
WORKDIR /source
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN python -m venv /opt/diptych \
 && /opt/diptych/bin/pip install --no-cache-dir --disable-pip-version-check ".[cluster,web]"

FROM python:3.12-slim-bookworm
RUN groupadd --gid 10001 diptych \
 && useradd --uid 10001 --gid diptych --no-create-home --home-dir /tmp --shell /usr/sbin/nologin diptych
COPY --from=build /opt/diptych /opt/diptych
# /tmp is all that is written to, so that the rest may be read-only: compiled kernels, and what Dask keeps.
ENV PATH=/opt/diptych/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    NUMBA_CACHE_DIR=/tmp/numba \
    DASK_TEMPORARY_DIRECTORY=/tmp/dask
USER 10001:10001
WORKDIR /tmp
EXPOSE 8000
CMD ["diptych", "serve", "--host", "0.0.0.0", "--port", "8000"]
