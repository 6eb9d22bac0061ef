"""The history of notifier's schema."""
