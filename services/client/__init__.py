"""Speaks to the four services from outside: calls with patience, the shapes of answers, plain words for them."""
