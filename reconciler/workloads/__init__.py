"""What engines that make pods share: ReplicaSets, selectors, the identity of pod templates, well-known keys."""
