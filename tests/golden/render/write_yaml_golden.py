"""Rewrites yaml-scalars.json: what Go's sigs.k8s.io/yaml makes of each text. Needs Go; tests only read the result.

Run from the root of the checkout: python -m tests.golden.render.write_yaml_golden
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
DOCUMENTS = [
    "a: ''\n", "a: '1'\n", 'a: "true"\n', "a:\n", "a: |\n  1\n", "a: >-\n  yes\n", "a: !!str 1\n", "a: !!str yes\n",
    "a: !!int 3\n", "a: !!int '3'\n", "a: !!float 1\n", "a: !!bool yes\n", "a: !!null ''\n", "a: ! 12\n",
    "a: &x {b: 1}\nc: *x\n", "a: &x 1\nb: &x 2\nc: *x\n",
    "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n", "a: &x {b: 1}\nd: &z {b: 2, c: 3}\ne:\n  <<: [*x, *z]\n  d: 4\n",
    "a: &x {b: 1}\nd:\n  '<<': *x\n", "\ufeffa: 1\n", "a: 1\r\nb: two\r\n", "a:\tb\n", "{a:\t1}\n", "a: b\t\n",
    "a: 1 # c\n", "a: 'x # y'\n", "a: b#c\n", "- 1\n- yes\n- 'no'\n", "a: [1, yes, 0777, 'x']\n", "a: {b: off}\n",
    'a: "\\u00e9\\x41\\n"\n', "a: é\n", "a: 😀\n", "%YAML 1.1\n---\na: yes\n", "a: b: c\n", "a: [1\n", "a: *nope\n",
    "a: 'x\n", "? a\n: 1\n", "a: x\n y\n", 'a: "x\n  y"\n', "a: |+\n  x\n\nb: 1\n", "a: |2\n   x\n",
    "'1': x\n", '"n": x\n',
]  # fmt: skip


def cases() -> list[str]:
    listed = (HERE / "yaml-scalars.txt").read_text().partition("\n")[2]
    values, _, keys = listed.partition("\n-----\n")
    return [*(f"a: {text}\n" for text in values.split()), *(f"{key}: v\n" for key in keys.split()), *DOCUMENTS]


def main() -> None:
    lines = "".join(json.dumps(case) + "\n" for case in cases())
    answer = subprocess.run(
        ["go", "run", "."], cwd=HERE / "oracle", input=lines, capture_output=True, text=True, check=True
    )
    rows = [line for line in answer.stdout.splitlines() if line]
    (HERE / "yaml-scalars.json").write_text("[\n" + ",\n".join(rows) + "\n]\n")
    print(f"{len(rows)} cases")


if __name__ == "__main__":
    main()
