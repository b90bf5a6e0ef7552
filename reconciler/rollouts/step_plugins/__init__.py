"""Steps of third parties: which call is due (`calls.py`), what an answer means (`answers.py`), making it (`caller.py`).

What a plugin was asked and what it said is in `status.canary.stepPluginStatuses`, written before each call and after
each answer. So a process that is killed in between asks again: a plugin is called at least once.
"""
