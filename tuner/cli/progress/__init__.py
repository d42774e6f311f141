"""How a run is followed in a terminal."""
