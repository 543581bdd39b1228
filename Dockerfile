# The portal's image: web, worker and beat differ by command only.
FROM node:22.19.0-bookworm-slim AS packages
WORKDIR /assets
COPY package.json package-lock.json .npmrc ./
RUN npm ci

FROM python:3.11.13-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY requirements/production.txt requirements/
RUN pip install --no-cache-dir --no-deps --require-hashes -r requirements/production.txt
COPY . .
ENV CYBERCUBE_DATA_DIR=/var/lib/cybercube
RUN --mount=from=packages,source=/assets/node_modules,target=/node_modules \
    python -m cybercube_portal.devstack.assets /node_modules /var/lib/cybercube/assets \
    && python manage.py collectstatic --no-input --verbosity 0 \
    && python -m compileall -q cybercube_portal changes releases

FROM python:3.11.13-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /var/lib/cybercube portal
COPY --from=build /venv /venv
COPY --from=build /app /app
COPY --from=build --chown=portal /var/lib/cybercube /var/lib/cybercube
ARG GIT_SHA=unknown
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CYBERCUBE_ENV=prd \
    CYBERCUBE_DATA_DIR=/var/lib/cybercube \
    CYBERCUBE_BUILD_GIT_SHA=$GIT_SHA
WORKDIR /app
USER portal
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "16", "--http", "1", "--no-ws", "--respawn-failed-workers", "cybercube_portal.wsgi:application"]
