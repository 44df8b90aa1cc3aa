"""What is said across a boundary: names, messages, questions and ports. Declarations only, no clock, no I/O."""
