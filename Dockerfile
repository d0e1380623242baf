# PostgreSQL with pgml, set up by the same script as on any machine. The data is in the volume.
FROM debian:bookworm-slim AS server
# The package's own server on port 5432 is not wanted here.
RUN mkdir /etc/postgresql-common && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf
RUN apt-get update && \
    DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends postgresql-plpython3-15 python3.11 tini && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt /var/log/*

# The compiler, and what Python needs to build the environment, stay behind in this stage.
FROM server AS build
COPY . /opt/pgml
RUN /opt/pgml/script/setup
# So is what the module in C for predictions is built with.
RUN /opt/pgml/.venv/bin/python -c "from pgml.server import door; print(door.build(15))"
# The libraries' own tests are a fifth of the environment, and nothing imports them.
RUN find /opt/pgml/.venv/lib/*/site-packages/*/ -type d -name tests -prune -exec rm -r {} +

FROM server
COPY --from=build /opt/pgml /opt/pgml
ENV PATH=/opt/pgml/.venv/bin:$PATH PGML_HOME=/var/lib/pgml
VOLUME /var/lib/pgml
EXPOSE 5433
STOPSIGNAL SIGINT
# Over TCP, because while all is set up the server listens nowhere but on its Unix socket.
HEALTHCHECK --interval=5s --start-period=30s CMD ["pg_isready", "--quiet", "--host=127.0.0.1", "--port=5433"]

# The first process takes over every engine whose session has ended. PostgreSQL would take a killed one for a session that
# crashed, and start all over.
ENTRYPOINT ["tini", "--"]
# Without POSTGRES_PASSWORD the password is random, and kept in /var/lib/pgml/pgpass.
CMD ["bash", "-c", "exec pgml up --foreground --listen 0.0.0.0 --password-file <(printf %s \"$POSTGRES_PASSWORD\")"]
