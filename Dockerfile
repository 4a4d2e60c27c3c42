# The `dfs` program in a Debian 12 container: docker build -t mini-hdfs . && docker run mini-hdfs --help
# The build steps are those of ./quickstart.

FROM debian:12 AS build
WORKDIR /src
COPY packages.txt ./
COPY scripts/install-packages scripts/
RUN scripts/install-packages build
COPY . .
RUN cmake --preset release && cmake --build --preset release --target dfs
RUN scripts/runtime-packages build/bin/dfs >/runtime-packages

FROM debian:12-slim
COPY --from=build /runtime-packages /tmp/
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive xargs apt-get install -y -qq --no-install-recommends \
      </tmp/runtime-packages \
 && rm -rf /var/lib/apt/lists/* /tmp/runtime-packages \
 && useradd --system --uid 1000 --home-dir /data dfs \
 && install -d -o dfs -g dfs /data
COPY --from=build /src/build/bin/dfs /usr/local/bin/
COPY scripts/healthcheck /usr/local/bin/dfs-healthcheck
USER dfs
VOLUME /data
EXPOSE 8000 8001
# The first port that answers is this container's: a NameNode's or a DataNode's.
HEALTHCHECK --interval=5s --timeout=3s --start-period=20s \
  CMD dfs-healthcheck 8000 || dfs-healthcheck 8001
ENTRYPOINT ["dfs"]
