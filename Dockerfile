# The same steps as `make run` takes: a virtual environment from the hashed lock file, then the project without its
# dependencies. PostgreSQL and the S3 store are the firm's own here: set ANJUAN_DATABASE_URL, ANJUAN_S3_ENDPOINT and keys.
FROM python:3.13-slim AS build
WORKDIR /srv/anjuan
COPY requirements.lock ./
RUN python -m venv .venv && .venv/bin/python -m pip install --quiet --no-cache-dir --no-deps --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY app ./app
COPY alembic ./alembic
RUN .venv/bin/python -m pip install --quiet --no-cache-dir --no-deps --no-build-isolation -e .

FROM python:3.13-slim
RUN useradd --system --create-home --home-dir /var/lib/anjuan anjuan
WORKDIR /srv/anjuan
COPY --from=build /srv/anjuan /srv/anjuan
ENV PATH=/srv/anjuan/.venv/bin:$PATH PYTHONUNBUFFERED=1 \
    ANJUAN_DATA_DIR=/var/lib/anjuan ANJUAN_HOST=0.0.0.0 ANJUAN_PORT=8000 ANJUAN_SAMPLE=false
USER anjuan
VOLUME /var/lib/anjuan
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/ready', timeout=5)"]
CMD ["anjuan", "run"]
