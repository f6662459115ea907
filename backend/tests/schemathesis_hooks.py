"""What Schemathesis can't read from the schema. Its command loads this by `SCHEMATHESIS_HOOKS`."""

import schemathesis
from hypothesis import strategies as st

from app.schemas.text import time_zones

schemathesis.openapi.format("iana-time-zone", st.sampled_from(sorted(time_zones())))
