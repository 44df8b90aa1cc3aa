"""How a stage asks: the gate, its ladder, the case clock, what operations see. No rules, no I/O."""
