"""The shapes of the events of release 0.1.0, as its services read them. Frozen: never edited."""
