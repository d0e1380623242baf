# PostgreSQL with pgml, set up by the same script as on any machine. The data is in the volume.
FROM debian:bookworm-slim

# The package's own server on port 5432 is not wanted here.
RUN mkdir /etc/postgresql-common && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf

COPY . /opt/pgml
RUN /opt/pgml/script/setup && rm -rf /var/lib/apt/lists/* /root/.cache

ENV PATH=/opt/pgml/.venv/bin:$PATH PGML_HOME=/var/lib/pgml
VOLUME /var/lib/pgml
EXPOSE 5433
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s --start-period=30s CMD ["pgml", "status"]

# Without POSTGRES_PASSWORD the password is random, and kept in /var/lib/pgml/pgpass.
CMD ["bash", "-c", "exec pgml up --foreground --listen 0.0.0.0 --password-file <(printf %s \"$POSTGRES_PASSWORD\")"]
