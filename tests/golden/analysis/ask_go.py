"""Puts `expressions.txt` to the real expr-lang library and writes what it says to `expr.json`.

    python tests/golden/analysis/ask_go.py

Needs Go; the answers are committed, so that the comparison itself does not.
"""

import json
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
ORACLE = HERE.parents[1] / "testbed" / "go" / "expr-oracle"


def questions() -> list[dict[str, object]]:
    asked = []
    for line in (HERE / "expressions.txt").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("// "):
            continue
        text, *about = line.split(" ~ ")
        kind, result = about if about else ("json", "null")
        asked.append({"expr": text, "kind": kind, "result": json.loads(result)})
    return asked


def ask(asked: list[dict[str, object]]) -> list[dict[str, object]]:
    """The oracle's answers, in order."""
    with tempfile.TemporaryDirectory() as directory:
        binary = Path(directory) / "expr-oracle"
        subprocess.run(["go", "build", "-o", str(binary), "."], cwd=ORACLE, check=True)
        lines = "".join(json.dumps(question) + "\n" for question in asked)
        done = subprocess.run([str(binary)], input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    asked = questions()
    table = [{**question, "go": answer} for question, answer in zip(asked, ask(asked), strict=True)]
    lines = ",\n".join(json.dumps(row, ensure_ascii=False) for row in table)
    (HERE / "expr.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(f"{len(table)} expressions")


if __name__ == "__main__":
    main()
