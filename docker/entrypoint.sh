#!/bin/sh
# Starts the server, or whatever command is given instead (`docker compose run --rm backend statusboard doctor`).
set -eu

# An empty variable counts as unset. gunicorn reads some variables by itself, and fails with WEB_CONCURRENCY="".
for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=$/\1/p'); do
    eval "value=\${$name-}"
    [ -n "$value" ] || unset "$name"
done

# The server replaces this process as PID 1, so that it gets the signal to stop.
exec "$@"
