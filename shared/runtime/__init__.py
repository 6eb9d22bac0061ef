"""How a service process lives: its components, supervised loops, resources, start and stop."""
