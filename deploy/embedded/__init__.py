"""The services of a fresh machine: PostgreSQL, Temporal and a mailbox, reachable from this machine only."""
