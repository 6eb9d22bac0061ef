"""What providers tell us by hook: whether it is genuine, and what it says. Pure."""
