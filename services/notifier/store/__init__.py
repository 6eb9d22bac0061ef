"""All SQL of the schema `notifier`."""
