"""Conditions of metrics: the subset of the expr language that analysis templates use (spec rollouts §7.5).

    text ── grammar.lark ──▶ tree ── compiler ──▶ closures, with the types known beforehand ── program ──▶ value

Nothing is evaluated by Python itself: every node becomes one closure over the closures of its children. Length, depth,
steps and the size of results are bounded, and regular expressions run in linear time, so that a template cannot
hold up the daemon.
"""
