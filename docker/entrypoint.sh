#!/bin/sh
# Starts the server, or whatever command is given instead (`docker compose run --rm backend statusboard doctor`).
set -eu

# An empty variable counts as unset, for the board's own settings and for the variables that gunicorn reads by itself:
# it takes WEB_CONCURRENCY="" for a number and fails.
for name in $(env | sed -n 's/^\([A-Za-z_][A-Za-z0-9_]*\)=$/\1/p'); do
    eval "value=\${$name-}"
    [ -n "$value" ] || unset "$name"
done

# The server takes this process's place as PID 1, so that it is the one that is told to stop.
exec "$@"
