"""notifier: who is on call, whom a page goes to, and how it gets there."""
