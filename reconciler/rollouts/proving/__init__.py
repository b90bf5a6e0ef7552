"""Analyses that a version has to pass before it counts as the stable one, beyond those of the established format.

They stand in annotations of the Rollout (`wanted`): a bake, with all traffic and pods on the new version while the
previous one stays the stable one; and a judgement on the very first version. Each is the run of the step slot, as one
more step at the end would have it, so that a failure is an ordinary abort.
"""
