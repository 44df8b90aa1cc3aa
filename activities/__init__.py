"""Side effects: one class per port of `workflows/contract/ports.py`; clients arrive through the constructor."""
