"""The parts of the checker, by what they are about. Each is a function from `Observed` to (figure, fault) pairs."""
