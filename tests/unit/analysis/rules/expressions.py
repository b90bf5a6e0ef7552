"""PromQL made at random, each expression together with what it is once every selector has one matcher more."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

MATCHER = 'pod_hash="abc"'


class Pair(NamedTuple):
    plain: str
    narrowed: str

    def __add__(self, other: object) -> Pair:  # type: ignore[override]
        more = other if isinstance(other, Pair) else Pair(str(other), str(other))
        return Pair(self.plain + more.plain, self.narrowed + more.narrowed)


def text(words: str) -> Pair:
    return Pair(words, words)


NAMES = st.sampled_from(
    ["up", "job:errors:rate5m", "http_requests_total", "sum", "by", "offset", "rate", "infinity", "e5", "_x", ":a:b"]
)
GAPS = st.sampled_from(["", " ", "\n  ", " # {not} a [selector] (here\n", "\t"])
STRINGS = st.sampled_from(['"b"', "'}'", '"{x=\\"y\\"}"', "`a # b`", '".*[(]"', "'it\\'s'"])
LABELS = st.sampled_from(["code", "job", "on", "by", "le"])
DURATIONS = st.sampled_from(["5m", "1h30m", "30s", "1d"])


@st.composite
def selectors(draw: st.DrawFn) -> Pair:
    name = draw(NAMES)
    inner = draw(st.lists(st.tuples(LABELS, st.sampled_from(["=", "!=", "=~", "!~"]), STRINGS), max_size=2))
    written = ",".join(f"{label}{sign}{value}" for label, sign, value in inner)
    if draw(st.booleans()) or (inner and all(sign in ("!=", "!~") for _, sign, _ in inner)):
        written += ("," if written else "") + '__name__="up"'
        name = ""
    if not written and name and draw(st.booleans()):
        return Pair(name, f"{name}{{{MATCHER}}}")
    gap, inside = draw(GAPS), draw(GAPS)
    trailing = draw(st.sampled_from(["", ","])) if written else ""
    rest = f"{inside}{written}{trailing}{draw(GAPS)}}}"
    return Pair(f"{name}{gap}{{{rest}", f"{name}{gap}{{{MATCHER}{',' if written else ''}{rest}")


@st.composite
def vectors(draw: st.DrawFn, depth: int) -> Pair:
    if depth <= 0:
        return draw(selectors()) + draw(st.sampled_from(["", " offset 5m", " offset -1h", " @ 1700000000", " @ end()"]))
    inner = vectors(depth - 1)
    kinds = [
        "leaf",
        "rate",
        "subquery",
        "sum",
        "sum by",
        "by after",
        "function",
        "parens",
        "minus",
        "number",
        "vectors",
    ]
    match draw(st.sampled_from(kinds)):
        case "rate":
            moved = draw(st.sampled_from(["", " offset 5m"]))
            return text("rate(") + draw(selectors()) + f"[{draw(DURATIONS)}]{moved})"
        case "subquery":
            return (
                text("max_over_time((")
                + draw(inner)
                + f"){draw(GAPS)}[{draw(DURATIONS)}:{draw(st.sampled_from(['', '1m']))}])"
            )
        case "sum":
            return text("sum(") + draw(inner) + ")"
        case "sum by":
            return text(f"SUM{draw(GAPS) or ' '}by ({draw(LABELS)}, le) (") + draw(inner) + ")"
        case "by after":
            return text("topk(3, ") + draw(inner) + ") without (job)"
        case "function":
            return text("label_replace(") + draw(inner) + ', "a", "$1", "b", "(.*)")'
        case "parens":
            return text("(") + draw(GAPS) + draw(inner) + ")"
        case "minus":
            return text("-") + draw(inner)
        case "number":
            return draw(inner) + draw(st.sampled_from([" > 0.05", " * 1e3", " == bool 1", " ^ Inf", " % 0x1F"]))
        case "vectors":
            sign = draw(st.sampled_from(["/", "and", "unless", "OR", "> bool"]))
            match_on = draw(st.sampled_from(["", " on ()", " ignoring (job, le)"]))
            return draw(inner) + f" {sign}{match_on} " + draw(inner)
    return draw(selectors())


expressions = st.integers(0, 4).flatmap(vectors)
