"""The demo that `tocsin up` plays: escalations in ten languages, worked on by the specialists of the roster.

It is an outsider: it knows the services only by HTTP, with keys of its own, and keeps its progress in a file, so
that it goes on where it was after any process, its own included, was killed.
"""
