"""`reconciler lint` as a user sees it: what it prints for files that are wrong, and that it keeps quiet otherwise.

Each directory of tests/golden/lint holds mistakes and, in expected.txt, what is said about them: the output of
`reconciler lint .` in that directory, which is how it is written anew after a message was improved.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from reconciler.cli.verbs import app

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "golden" / "lint"
WITHOUT_BINARIES = (
    "analysis",
    "blue-green",
    "configuration",
    "experiments",
    "fields",
    "good",
    "kinds",
    "references",
    "rollout",
    "rules",
    "yaml",
)
CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\n"


def lint(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["lint", *arguments])


def needs_kustomize() -> None:
    if not (shutil.which("kustomize") or shutil.which("kubectl")):
        if os.environ.get("CI"):
            pytest.fail("neither kustomize nor kubectl is on PATH")
        pytest.skip("neither kustomize nor kubectl is on PATH")


@pytest.mark.parametrize("name", WITHOUT_BINARIES)
def test_says_everything_that_is_wrong_and_where(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(GOLDEN / name)
    assert lint(".").stdout == (GOLDEN / name / "expected.txt").read_text()


def test_places_of_a_kustomization_are_those_of_the_files_that_were_written(monkeypatch: pytest.MonkeyPatch) -> None:
    needs_kustomize()
    monkeypatch.chdir(GOLDEN / "kustomize")
    assert lint(".").stdout == (GOLDEN / "kustomize" / "expected.txt").read_text()


@pytest.mark.parametrize("folder", ["manifests/examples", "tests/golden/lint/good"])
def test_good_manifests_pass_without_a_warning(folder: str) -> None:
    result = lint(str(ROOT / folder))
    assert result.exit_code == 0
    assert result.stdout.startswith("no problems in ")


def test_our_own_manifests_have_no_problems() -> None:
    needs_kustomize()
    assert lint(str(ROOT / "manifests")).exit_code == 0


@pytest.mark.parametrize("name", [name for name in WITHOUT_BINARIES if name != "good"])
def test_problems_end_with_1(name: str) -> None:
    assert lint(str(GOLDEN / name)).exit_code == 1


WITH_WORKLOAD = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: shop}}
  template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: web, image: "shop:2"}]}}
---
apiVersion: v1
kind: Service
metadata: {name: stable}
spec: {selector: {app: SELECTED}, ports: [{port: 80}]}
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  workloadRef: {apiVersion: apps/v1, kind: Deployment, name: NAMED}
  strategy: {canary: {stableService: stable}}
"""


@pytest.mark.parametrize(
    ("named", "selected", "said"),
    [
        ("web", "shop", "no problems in "),
        ("wab", "shop", "there is no Deployment 'wab' among these files (did you mean 'web'?)"),
        ("web", "other", "spec.selector asks for app=other, which the template of Rollout shop does not have"),
    ],
    ids=["sound", "misspelt", "another label"],
)
def test_a_template_in_a_workload_is_looked_up(tmp_path: Path, named: str, selected: str, said: str) -> None:
    (tmp_path / "shop.yaml").write_text(WITH_WORKLOAD.replace("NAMED", named).replace("SELECTED", selected))
    assert said in lint(str(tmp_path)).stdout


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ({"a": "b", "b": "c", "c": "a"}, "in a circle: a → b → c → a (remove one of these references)"),
        ({"a": "a"}, "in a circle: a → a (remove one of these references)"),
        ({"a": "b", "b": "ccc", "cc": "d", "d": ""}, "there is no AnalysisTemplate 'ccc' among these files"),
        ({"a": "c", "b": "c", "c": ""}, "no problems in "),
    ],
    ids=["a circle", "itself", "missing", "sound"],
)
def test_nested_templates_are_followed_although_no_rollout_uses_them(
    tmp_path: Path, named: dict[str, str], said: str
) -> None:
    kind = "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\n"
    job = "provider: {job: {spec: {template: {}}}}"
    for name, other in named.items():
        spec = f"templates: [{{templateName: {other}}}]" if other else f"metrics: [{{name: {name}, {job}}}]"
        (tmp_path / f"{name}.yaml").write_text(f"{kind}metadata: {{name: {name}}}\nspec: {{{spec}}}\n")
    found = lint(str(tmp_path)).stdout
    assert found.count(said) == 1
    assert found.count("circle") == said.count("circle")


def test_warnings_alone_end_with_0(tmp_path: Path) -> None:
    (tmp_path / "gadget.yaml").write_text("apiVersion: example.com/v1\nkind: Gadget\nmetadata: {name: a}\n")
    result = lint(str(tmp_path))
    assert (result.exit_code, "no schema is known for Gadget" in result.stdout) == (0, True)


def test_a_path_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    result = lint(str(tmp_path / "nowhere"))
    assert (result.exit_code, "does not exist" in result.stderr) == (2, True)


def test_a_directory_without_manifests_ends_with_2(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing")
    result = lint(str(tmp_path))
    assert (result.exit_code, "holds no manifests" in result.stderr) == (2, True)


def test_one_file_can_be_given(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("kind: [")
    (tmp_path / "this.yaml").write_text(CONFIG_MAP + "dota: {}\n")
    result = lint(str(tmp_path / "this.yaml"))
    assert result.stdout.splitlines() == [
        f"{tmp_path / 'this.yaml'}:4:1: ConfigMap settings: unknown field 'dota' in the object (did you mean 'data'?)",
        "1 problem in 1 object of 1 file",
    ]


def test_a_configuration_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "daemon.yaml").write_text("applications: []\nlisten: here\n")
    assert "listen: 'here' is not HOST:PORT" in lint(str(tmp_path / "daemon.yaml")).stdout


def test_secrets_of_the_daemon_need_not_be_here(tmp_path: Path) -> None:
    shutil.copy(GOLDEN / "good" / "reconciler.yaml", tmp_path / "reconciler.yaml")
    assert lint(str(tmp_path / "reconciler.yaml")).exit_code == 0


def test_without_kustomize_it_says_what_was_not_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    result = lint(str(GOLDEN / "kustomize" / "overlays" / "prod"))
    assert "was not checked: this Application is a kustomization, but neither" in result.stdout
    assert result.exit_code == 0


def test_json_has_places_as_numbers(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(CONFIG_MAP + "data: text\n")
    result = lint(str(tmp_path), "-o", "json")
    assert json.loads(result.stdout) == {
        "version": 1,
        "lint": {
            "problems": [
                {
                    "file": str(tmp_path / "a.yaml"),
                    "line": 4,
                    "column": 1,
                    "message": "ConfigMap settings: data must be a mapping, not text",
                    "fix": "",
                }
            ],
            "warnings": [],
            "files": 1,
            "objects": 1,
        },
    }


def test_text_from_files_cannot_steer_the_terminal(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(CONFIG_MAP + '"\\e]0;owned\\a": 1\n"[red]": 2\n')
    printed = lint(str(tmp_path)).stdout
    assert "\x1b" not in printed
    assert "[red]" in printed


def test_a_chart_is_named_and_its_templates_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "chart" / "templates").mkdir(parents=True)
    (tmp_path / "chart" / "Chart.yaml").write_text("name: shop\n")
    (tmp_path / "chart" / "templates" / "a.yaml").write_text("kind: {{ .Values.kind }}\napiVersion: v1\nmetadata:\n")
    (tmp_path / "a.yaml").write_text(CONFIG_MAP)
    result = lint(str(tmp_path))
    assert (result.exit_code, "is a Helm chart, which is not supported yet" in result.stdout) == (0, True)


def test_links_out_of_the_directory_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("password: hunter2")
    inside = tmp_path / "inside"
    (inside / ".git").mkdir(parents=True)
    (inside / "a.yaml").symlink_to(tmp_path / "secret.yaml")
    result = lint(str(inside))
    assert (result.exit_code, "is a symbolic link out of the repository" in result.stdout) == (1, True)
