"""The second process type, which does the work that no request should wait for: one runner, and one list of jobs."""
