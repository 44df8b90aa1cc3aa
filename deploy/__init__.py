"""Before our code runs: the embedded stack, the schema, the rulebooks and the ways to deploy them."""
