"""A Temporal cluster on this machine: each service a process of its own, on PostgreSQL, from the production files."""
