# Goldstar in a container; docs/operations.md explains how to run it. Both images have the same Debian
# release, because the program uses the C library of the system that it was built on.
ARG BUILD_IMAGE=rust:1.95-slim-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /build

# First the dependencies, with an empty program: this layer is built again only when they change.
# Cargo requires every target in the manifest, also those that it does not build.
COPY Cargo.toml Cargo.lock ./
RUN mkdir -p src benches/goals benches/inner \
    && touch src/lib.rs \
    && echo 'fn main() {}' | tee src/main.rs benches/goals/main.rs > benches/inner/main.rs \
    && cargo build --locked --release --bin goldstar

# Copied files keep their times, and Cargo does not build what is older than its last build.
COPY docs/examples docs/examples
COPY src src
RUN touch src/lib.rs src/main.rs \
    && cargo build --locked --release --bin goldstar

FROM ${RUNTIME_IMAGE}

# The ids are fixed, so that a directory of the host can belong to them.
RUN groupadd --gid 10001 goldstar \
    && useradd --uid 10001 --gid goldstar --no-create-home --home-dir /var/lib/goldstar \
        --shell /usr/sbin/nologin goldstar \
    && install -d -m 0700 -o goldstar -g goldstar /var/lib/goldstar

COPY LICENSE-APACHE LICENSE-MIT THIRD-PARTY.txt /usr/share/doc/goldstar/
# The certificates that verify the receivers of webhooks, and a database.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /build/target/release/goldstar /usr/local/bin/goldstar

# By number, so that Kubernetes can verify that it is not root.
USER 10001:10001
WORKDIR /var/lib/goldstar
ENV GOLDSTAR_LISTEN=0.0.0.0:5000 \
    GOLDSTAR_DATA_DIR=/var/lib/goldstar/data \
    GOLDSTAR_LOG_DIR=/var/lib/goldstar/logs
VOLUME ["/var/lib/goldstar"]
EXPOSE 5000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s CMD ["goldstar", "health"]
ENTRYPOINT ["goldstar"]
CMD ["serve"]
