# A Prefect worker, or the command line: the package, its flows and nothing else. Untested: see docs/ops.md.
#   docker build -t eo-ingest .
#   docker run -e PREFECT_API_URL=… eo-ingest                                   a worker of the pool `eo-ingest`
#   docker run -v "$PWD/data:/data" eo-ingest eo-ingest tile --aoi demo --source emulator --store /data/demo.zarr
FROM python:3.11-slim

# GDAL in the rasterio wheel takes libexpat from the system, and the slim image has none.
RUN apt-get update && apt-get install --yes --no-install-recommends libexpat1 && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/eo-ingest
COPY pyproject.toml README.md LICENSE prefect.yaml ./
COPY eo_ingest eo_ingest
COPY flows flows
COPY aoi aoi
COPY grids grids
RUN pip install --no-cache-dir .

RUN useradd --create-home --uid 10001 eo && install --directory --owner eo /data
USER eo

# No telemetry, and no private server when PREFECT_API_URL is forgotten.
ENV DO_NOT_TRACK=1 \
    PREFECT_SERVER_ANALYTICS_ENABLED=false \
    PREFECT_SERVER_ALLOW_EPHEMERAL_MODE=false \
    PREFECT_LOGGING_EXTRA_LOGGERS=eo_ingest,flows \
    PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW=ignore \
    PYTHONUNBUFFERED=1

CMD ["prefect", "worker", "start", "--pool", "eo-ingest", "--install-policy", "never", "--with-healthcheck"]
