# One image for every role: docker build -t fleetlog . && docker run fleetlog --help
# The Node of package.json's optionalDependencies, so that image and checkout run the same.
ARG NODE_IMAGE=node:24.21.0-bookworm-slim

FROM ${NODE_IMAGE} AS page
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without optional packages: the Node they bring is in the base image, and what else they hold only builds the page.
RUN npm ci --omit=dev --omit=optional

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="fleetlog" org.opencontainers.image.licenses="Apache-2.0"
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY package.json LICENSE ./
COPY bin bin
COPY model model
COPY transport transport
COPY collector collector
COPY ingest ingest
COPY store store
COPY api api
COPY cli cli
# The command shows lines as the page does.
COPY dashboard/text dashboard/text
COPY --from=page /app/dashboard/dist dashboard/dist
# /data is for roles that run as node. A collector is uid 0 without the right to write what is another's: it has /collector.
RUN ln -s /app/bin/fleetlog.mjs /usr/local/bin/fleetlog \
  && mkdir -m 0700 /data /collector \
  && chown node:node /data
ENV NODE_ENV=production \
  FLEETLOG_HTTP_HOST=0.0.0.0 \
  FLEETLOG_HTTP_PORT=8080 \
  FLEETLOG_DATA_DIR=/data
USER node
EXPOSE 8080
STOPSIGNAL SIGTERM
# Alive, not ready: a store that is away is no reason to start a process again. /tmp takes the compile cache; a read-only root wants a tmpfs there.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["node", "-e", "const tls = process.env.FLEETLOG_HTTP_TLS_CERT; require(tls ? 'https' : 'http').get({ port: process.env.FLEETLOG_HTTP_PORT, path: '/healthz', timeout: 4000, rejectUnauthorized: false }, (r) => process.exit(r.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
ENTRYPOINT ["node", "/app/bin/fleetlog.mjs"]
CMD ["start"]
