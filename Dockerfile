# batchsite in a container: the pages, the workers and the ticker under one supervisor, as `make run` starts them.
FROM python:3.11-slim AS build
COPY requirements-scale.txt /tmp/
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes \
      -r /tmp/requirements-scale.txt

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /data batchsite \
 && install -d -o batchsite -g batchsite -m 700 /data /data/uploads
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv/batchsite
COPY manage.py ./
COPY batchsite batchsite
COPY templates templates
COPY static static
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 BATCHSITE_DATA=/data BATCHSITE_BIND=0.0.0.0
USER 10001
VOLUME /data
EXPOSE 8000
# The supervisor needs up to 40 s: steps in progress end, and what they know is written down.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
ENTRYPOINT ["python", "manage.py"]
CMD ["up"]
