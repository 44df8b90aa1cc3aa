"""Whose data the columns of holds and erasures are: codes, counts and the keys of those who ordered. See `held.py`."""

from starter.held import By, Held, Table, key, never, plain, technical

_FOR_GOOD = "for good: it is the proof that something was kept or erased"

TABLES: dict[str, Table] = {
    "holds": Table("Legal holds", "whoever set it", _FOR_GOOD, "set_at"),
    "erasures": Table("Erasures", "the two people who ordered it", _FOR_GOOD, "proposed_at"),
    "erasure_rules": Table("What an erasure does to each table", "the service", _FOR_GOOD, "", By.NOTHING),
}

COLUMNS: dict[str, Held] = {
    "holds.hold": technical("Number"),
    "holds.reference": plain("Case"),
    "holds.reason_code": plain("Why"),
    "holds.set_by": key("Set by", "set_by"),
    "holds.set_at": plain("Set at"),
    "holds.lifted_by": key("Lifted by", "lifted_by"),
    "holds.lifted_at": plain("Lifted at"),
    "erasures.reference": plain("Case"),
    "erasures.reason_code": plain("Why"),
    "erasures.proposed_by": key("Proposed by", "proposed_by"),
    "erasures.proposed_at": plain("Proposed at"),
    "erasures.confirmed_by": key("Confirmed by", "confirmed_by"),
    "erasures.confirmed_at": plain("Confirmed at"),
    "erasures.probe": never("Something sealed with the key that was destroyed, which nobody can read"),
    "erasures.proof": technical("How it was proved"),
    "erasures.counts": technical("Rows by table"),
    "erasures.record_erased_at": plain("Taken out of the record at"),
    "erasures.fingerprint": technical("Fingerprint of the key that was destroyed"),
    "erasures.done_at": plain("Done at"),
    "erasures.again": technical("Carried out anew, times"),
    "erasure_rules.place": technical("Place"),
    "erasure_rules.tbl": technical("Table"),
    "erasure_rules.fate": technical("What becomes of its rows"),
    "erasure_rules.scope": technical("Which rows"),
    "erasure_rules.told": technical("Whether its count is told"),
    "erasure_rules.kept": technical("Columns that stay"),
    "erasure_rules.blanked": technical("Columns that are emptied"),
}
