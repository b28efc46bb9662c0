# One image for the dashboard (`python main.py`), its jobs (`python -m jobs`) and the Prefect server.
# The texts need no step of their own: the app reads locale/*.po itself.

FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
COPY requirements.txt /tmp/requirements.txt
RUN /opt/venv/bin/pip install --requirement /tmp/requirements.txt \
  && /opt/venv/bin/pip uninstall --yes pip setuptools
COPY main.py auth.py bot.py config.py data.py live.py models.py passwords.py rest.py tokens.py /app/
COPY components /app/components
COPY jobs /app/jobs
COPY locale /app/locale
COPY operations /app/operations
COPY pages /app/pages
COPY static /app/static
COPY supabase /app/supabase
RUN /opt/venv/bin/python -m compileall -q /app

FROM python:3.12-slim
RUN rm -rf /usr/local/lib/python3.12/site-packages/pip* /usr/local/bin/pip* \
  && groupadd --gid 10001 app \
  && useradd --uid 10001 --gid app --no-create-home --home-dir /tmp --shell /usr/sbin/nologin app \
  && mkdir --mode 700 /data \
  && chown app:app /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
  PYTHONUNBUFFERED=1 \
  PYTHONDONTWRITEBYTECODE=1 \
  HOME=/tmp \
  HOST=0.0.0.0 \
  PORT=8080 \
  LOG_FORMAT=json \
  NICEGUI_STORAGE_PATH=/data/nicegui \
  PREFECT_HOME=/tmp/prefect \
  PREFECT_SERVER_ANALYTICS_ENABLED=false \
  DO_NOT_TRACK=1
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-m", "operations.alive"]
CMD ["python", "main.py"]
