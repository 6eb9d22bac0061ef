"""intake: takes escalations in, owns cases, and is the only writer of a case's status."""
