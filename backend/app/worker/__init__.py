"""The second process type, for work that no request should wait for: one runner, and one list of jobs."""
