# The image of the service: `docker build -t waxwing .`
# The image runs as a user without rights and writes only to its two volumes:
#   /data   the data folder, encrypted
#   /keys   the root key, unless WAXWING_ROOT_KEY names another source. Keep it apart from /data.
ARG BUILD_IMAGE=docker.io/library/node:22-bookworm-slim
ARG RUN_IMAGE=gcr.io/distroless/nodejs22-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /source
COPY . .
RUN npm run package \
 && mkdir -p /out/data /out/keys \
 && tar -xzf dist/waxwing-*.tgz -C /out

FROM ${RUN_IMAGE}
COPY --from=build /out/package /waxwing
COPY --from=build --chown=65532:65532 --chmod=0700 /out/data /data
COPY --from=build --chown=65532:65532 --chmod=0700 /out/keys /keys
USER 65532:65532
# The first two make glibc return freed memory to the system.
ENV MALLOC_MMAP_THRESHOLD_=131072 \
    MALLOC_TRIM_THRESHOLD_=1048576 \
    WAXWING_DATA=/data/waxwing \
    XDG_CONFIG_HOME=/keys \
    WAXWING_HOST=0.0.0.0 \
    WAXWING_BROKER_PORTS=5671-5690
VOLUME ["/data", "/keys"]
EXPOSE 8443 5671-5690
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=20s \
  CMD ["/nodejs/bin/node", "/waxwing/bin/waxwing.mjs", "health"]
ENTRYPOINT ["/nodejs/bin/node", "/waxwing/bin/waxwing.mjs"]
CMD ["serve"]
