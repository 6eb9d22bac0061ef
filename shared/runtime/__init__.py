"""How a service process lives: its resources, its composition, start, serve and drain."""
