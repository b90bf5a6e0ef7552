"""Rules that Prometheus already evaluates, as the definition of normal for a few pods of theirs.

A metric names an alerting or recording rule. Its expression is read from Prometheus (`catalogue`), narrowed to the pods
in question by matchers (`matchers`) that are added to every selector of it (`promql`), and asked for; for an alert
`alert` judges the answer by the rule's own `for`.
"""
