# syntax=docker/dockerfile:1.7
# One image for every process: web, worker, dispatch and clock differ by their command only (docker-compose.yml).
# Both stages are multi-platform: linux/amd64 and linux/arm64.
FROM python:3.13.5-slim-bookworm AS build
WORKDIR /src
RUN python -m venv /opt/touchline
COPY requirements.lock ./
# The lock is of wheels with hashes; a package without a wheel for this platform fails here and not in production.
RUN /opt/touchline/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY . .
RUN /opt/touchline/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.13.5-slim-bookworm
LABEL org.opencontainers.image.title="Touchline" \
      org.opencontainers.image.description="Event-driven marketing automation" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --gid 10001 touchline && useradd --uid 10001 --gid touchline --create-home touchline \
 && install -d -o touchline -g touchline /var/lib/touchline
COPY --from=build /opt/touchline /opt/touchline
ENV PATH=/opt/touchline/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONTZPATH="" \
    TOUCHLINE_DATA=/var/lib/touchline
USER touchline
WORKDIR /var/lib/touchline
VOLUME /var/lib/touchline
EXPOSE 8080 9100
STOPSIGNAL SIGTERM
ENTRYPOINT ["touchline"]
CMD ["up", "--host", "0.0.0.0"]
