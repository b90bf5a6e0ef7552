"""Progressive delivery: `decide.py` tells the story, `controller.py` carries it out, `wiring.py` feeds it."""
