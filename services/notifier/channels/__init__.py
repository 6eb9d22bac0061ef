"""The ways out to people: one file a kind of channel, over one shared sender."""
