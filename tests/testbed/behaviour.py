"""How versions of the sample application behave: the words in an image's tag decide.

`shop:7` answers at once, `shop:8-failing` fails three in ten requests, `shop:9-slow` takes 0.8 seconds longer.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Behaviour:
    """`error_share` 0..1 of requests answer 500; every answer takes `delay_seconds`."""

    error_share: float = 0.0
    delay_seconds: float = 0.005


_BY_WORD = {"failing": Behaviour(error_share=0.3), "slow": Behaviour(delay_seconds=0.8)}


def of(image: str) -> Behaviour:
    tag = image.rpartition(":")[2]
    return next((behaviour for word, behaviour in _BY_WORD.items() if word in tag), Behaviour())
