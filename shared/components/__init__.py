"""What the parts of a service are made of: components, supervised loops, the watchdog, crash points."""
