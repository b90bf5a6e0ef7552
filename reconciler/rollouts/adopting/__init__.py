"""A Deployment becomes a Rollout in place, and a Rollout a Deployment: the pods change hands, none is restarted.

Everything that decides is here and pure. `taking` and `giving` look at what is there and name the next act; whoever
carries it out looks again. So it does not matter where one stops: the next one to look goes on from there.
"""
