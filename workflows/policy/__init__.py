"""What the rules require: pure functions over facts and dates that the caller passes in."""
