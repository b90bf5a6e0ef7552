"""kustomize: what it may read, what it is taught about Rollouts, and what stops it. Needs a kustomize or kubectl."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from reconciler.errors import Transient
from reconciler.render import kustomize
from reconciler.render.kustomization import closure
from tests.unit.render.scene import Scene, config_map


@pytest.fixture(autouse=True)
def _tool() -> None:
    if not (shutil.which("kustomize") or shutil.which("kubectl")):
        if os.environ.get("CI"):
            pytest.fail("neither kustomize nor kubectl is on PATH")
        pytest.skip("neither kustomize nor kubectl is on PATH")


ROLLOUT = """apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  strategy:
    canary:
      stableService: shop
      steps: [{analysis: {templates: [{templateName: rate}]}}]
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
      - {name: shop, image: 'nginx:1', envFrom: [{configMapRef: {name: settings}}]}
---
apiVersion: argoproj.io/v1alpha1
kind: AnalysisTemplate
metadata: {name: rate}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
"""
BASE = {
    "base/kustomization.yaml": "resources: [rollout.yaml]\nreplicas: [{name: shop, count: 4}]\n",
    "base/rollout.yaml": ROLLOUT,
}
OVERLAY = """resources: [../base]
namePrefix: prod-
images: [{name: nginx, newTag: '2'}]
labels: [{pairs: {team: x}, includeSelectors: true}]
configMapGenerator: [{name: settings, files: [app.conf, key=deep/other.conf]}]
"""


def overlay(extra: str = "") -> dict[str, str | bytes]:
    return {**BASE, "prod/kustomization.yaml": OVERLAY + extra, "prod/app.conf": "a", "prod/deep/other.conf": "b"}


def by_kind(scene: Scene, path: str = "prod") -> dict[str, dict]:
    return {target.key.kind: target.object for target in scene.render(path).targets}


def test_a_rollout_is_transformed_like_a_deployment_in_bases_too(scene: Scene) -> None:
    objects = by_kind(scene.write_all(overlay()))
    rollout = objects["Rollout"]
    assert rollout["metadata"]["name"] == "prod-shop"
    assert rollout["spec"]["replicas"] == 4
    assert rollout["spec"]["selector"]["matchLabels"] == {"app": "shop", "team": "x"}
    canary = rollout["spec"]["strategy"]["canary"]
    assert canary["stableService"] == "prod-shop"
    assert canary["steps"][0]["analysis"]["templates"][0]["templateName"] == "prod-rate"
    container = rollout["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == "nginx:2"
    assert container["envFrom"][0]["configMapRef"]["name"] == objects["ConfigMap"]["metadata"]["name"]
    assert objects["ConfigMap"]["metadata"]["name"].startswith("prod-settings-")


PATCHED = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: 'web:1', ports: [{containerPort: 80}, {containerPort: 81}], env: [{name: A, value: a}]}
      - {name: sidecar, image: 'side:1'}
      volumes: [{name: one, emptyDir: {}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, finalizers: [x.io/one]}
spec: {ports: [{port: 80, name: http}, {port: 81, name: more}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
imagePullSecrets: [{name: one}]
"""
PATCH = """apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers: [{name: web, image: 'web:2', ports: [{containerPort: 81, name: b}], env: [{name: B, value: b}]}]
      volumes: [{name: two, emptyDir: {}}, {name: one, $patch: delete}]
---
apiVersion: v1
kind: Service
metadata: {name: web, finalizers: [x.io/two]}
spec: {ports: [{port: 81, targetPort: 8081}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: web}
imagePullSecrets: [{name: two}]
"""


def test_a_patch_of_one_container_keeps_the_others_on_a_rollout_as_on_a_deployment(scene: Scene) -> None:
    as_rollout = [
        text.replace("apps/v1\nkind: Deployment", "argoproj.io/v1alpha1\nkind: Rollout") for text in (PATCHED, PATCH)
    ]
    app = "resources: [all.yaml]\npatches: [{path: patch.yaml}]\n"
    scene.write_all({
        "d/kustomization.yaml": app, "d/all.yaml": PATCHED, "d/patch.yaml": PATCH,
        "r/kustomization.yaml": app, "r/all.yaml": as_rollout[0], "r/patch.yaml": as_rollout[1],
    })  # fmt: skip
    plain, taught = by_kind(scene, "d"), by_kind(scene, "r")
    assert taught["Rollout"]["spec"] == plain["Deployment"]["spec"]
    assert len(taught["Rollout"]["spec"]["template"]["spec"]["containers"]) == 2
    assert taught["Service"] == plain["Service"], "our schema replaces kustomize's own, and must mean the same"
    assert taught["ServiceAccount"] == plain["ServiceAccount"]


def test_a_repositorys_own_schema_is_left_alone(scene: Scene) -> None:
    files = overlay("openapi: {path: own.json}\n")
    scene.write_all({**files, "prod/own.json": '{"definitions": {}}'})
    assert by_kind(scene)["Rollout"]["metadata"]["name"] == "prod-shop"


def test_a_repository_that_teaches_kustomize_itself_is_left_alone(scene: Scene) -> None:
    own = "replicas:\n- {path: spec/replicas, create: false, kind: Rollout, group: argoproj.io}\n"
    files = overlay("configurations: [rollouts.yaml]\n")
    files["base/kustomization.yaml"] = "resources: [rollout.yaml]\n"
    scene.write_all({**files, "prod/rollouts.yaml": own})
    rollout = by_kind(scene)["Rollout"]
    assert rollout["metadata"]["name"] == "prod-shop"
    assert rollout["spec"]["strategy"]["canary"]["stableService"] == "shop", "ours would have renamed it"


def test_the_inputs_are_what_the_kustomizations_name(scene: Scene) -> None:
    inputs = scene.write_all({**overlay(), "base/README.md": "x"}).render("prod").inputs
    for path in ("base/rollout.yaml", "base/kustomization.yaml", "prod/deep/other.conf", "prod/kustomization.yml"):
        assert inputs.affected_by({path}), path
    for path in ("base/README.md", "other/x.yaml", "prod/deep/new.conf"):
        assert not inputs.affected_by({path}), path


def test_an_unchanged_closure_is_not_built_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    first = scene.write_all(overlay()).render("prod")
    monkeypatch.setattr(kustomize.process, "run", lambda *_, **__: pytest.fail("kustomize was run again"))
    scene.write_all({"base/README.md": "changed"})
    assert scene.render("prod").digest == first.digest


def test_the_renderer_and_its_version_are_named(scene: Scene) -> None:
    assert scene.write_all(BASE).render("base").renderer.startswith("kustomize v5.")


def test_an_image_override_that_matches_nothing_is_a_warning(scene: Scene) -> None:
    files = overlay()
    files["prod/kustomization.yaml"] = OVERLAY.replace("nginx", "ngnix")
    assert scene.write_all(files).warnings("prod") == [
        "prod/kustomization.yaml: the image override 'ngnix' matched no container "
        "(write the image's name as the manifests do, without tag)"
    ]


@pytest.mark.parametrize(
    ("kustomization", "says"),
    [
        ("resources: [https://github.com/o/r//base?ref=v1]", "is remote, which is not supported"),
        ("resources: [github.com/o/r/base]", "is remote, which is not supported"),
        ("resources: [nope.yaml]", "app/kustomization.yaml:1: names nope.yaml, which is not in the repository"),
        ("resources: [../../../etc]", "names ../../../etc, which is outside of the repository"),
        ("resources: [/etc/passwd]", "names /etc/passwd, which is outside of the repository"),
        ("resources: [../plain]", "plain is used as a base but has no kustomization.yaml"),
        ("helmCharts: [{name: x}]", "app/kustomization.yaml:1:1: helmCharts is not supported yet"),
        ("resources: [a.yaml]\nresources: []", "key 'resources' is there twice"),
        ("- x", "is not one mapping"),
        ("resources: [a.yaml]\nreplica: []", "kustomize: "),
        ("resources: [../other/b.yaml]", "is not in or below"),
        ("resources: [a.yaml]\npatches: [{path: ../../x}]", "names ../../x, which is outside of the repository"),
    ],
)
def test_a_kustomization_that_cannot_be_built_says_why(scene: Scene, kustomization: str, says: str) -> None:
    scene.write_all({
        "app/kustomization.yaml": kustomization, "app/a.yaml": config_map("a"), "plain/x.yaml": "x: 1",
        "other/b.yaml": config_map("b"),
    })  # fmt: skip
    found = scene.problems("app")
    assert says in found[0]
    assert "/tmp" not in " ".join(found)


def test_bases_in_a_circle_end(scene: Scene) -> None:
    scene.write_all({"a/kustomization.yaml": "resources: [../b]", "b/kustomization.yaml": "resources: [../a]"})
    assert "cycle" in scene.problems("a")[0]
    scene.write_all({"kustomization.yaml": "resources: [c]", "c/kustomization.yaml": "resources: [../]"})
    assert "cycle" in scene.problems(".")[0]


def test_the_root_of_a_repository_can_be_a_kustomization(scene: Scene) -> None:
    scene.write_all({"kustomization.yaml": "resources: [r.yaml]\n", "r.yaml": ROLLOUT})
    assert "shop" in scene.names(".")


def test_links_lead_to_bases_inside_the_repository_only(scene: Scene) -> None:
    scene.write_all({**BASE, "app/kustomization.yaml": "resources: [now]\n"})
    (scene.root / "app/now").symlink_to("../base")
    assert "shop" in scene.names("app")
    assert scene.render("app").inputs.affected_by({"app/now"})
    (scene.root / "app/now").unlink()
    (scene.root / "app/now").symlink_to("/etc")
    assert "symbolic link out of the repository" in scene.problems("app")[0]


def test_plugins_see_their_directory_and_every_file_of_it_is_an_input(scene: Scene) -> None:
    generator = (
        "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: made}\nfiles: [only-plugins-know.txt]\n"
    )
    scene.write_all({
        "app/kustomization.yaml": "generators: [g.yaml]\n", "app/g.yaml": generator, "app/only-plugins-know.txt": "x",
    })  # fmt: skip
    assert scene.names("app")[0].startswith("made-")
    assert scene.render("app").inputs.affected_by({"app/only-plugins-know.txt"})


def test_exec_plugins_do_not_run(scene: Scene, tmp_path: Path) -> None:
    plugin = (
        "apiVersion: v1\nkind: Evil\nmetadata:\n  name: e\n  annotations:\n"
        f"    config.kubernetes.io/function: |\n      exec: {{path: /usr/bin/touch, args: [{tmp_path}/owned]}}\n"
    )
    scene.write_all({"app/kustomization.yaml": "generators: [g.yaml]\n", "app/g.yaml": plugin})
    assert scene.problems("app")
    assert not (tmp_path / "owned").exists()


def test_a_tool_that_hangs_is_stopped_and_tried_again_later(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin/kustomize"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\n[ "$1" = version ] && echo v5.0.0 && exit\nexec /bin/sleep 60\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent))
    monkeypatch.setattr(kustomize, "TIMEOUT_SECONDS", 0.3)
    scene.write_all(BASE)
    with pytest.raises(Transient, match="did not finish"):
        scene.render("base")


def test_the_tool_gets_an_empty_home_and_none_of_our_environment(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "bin/kustomize"
    fake.parent.mkdir()
    fake.write_text(
        '#!/bin/sh\n[ "$1" = version ] && echo v5.0.0 && exit\n'
        'printf \'apiVersion: v1\\nkind: ConfigMap\\nmetadata: {name: seen}\\ndata: {token: "%s", home: "%s"}\\n\' '
        '"$GITHUB_TOKEN" "$(/bin/ls -A $HOME)"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent))
    monkeypatch.setenv("GITHUB_TOKEN", "s3cret")
    scene.write_all(BASE)
    assert scene.render("base").targets[0].object["data"] == {"token": "", "home": ""}


def test_without_a_tool_the_error_says_how_to_get_one(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    scene.write_all(BASE)
    assert "neither kustomize nor kubectl is on PATH (install one: " in scene.problems("base")[0]


def test_the_closure_of_every_field_that_names_files(scene: Scene) -> None:
    named = "a.yaml crd.json p1.yaml p2.yaml p3.yaml r.yaml o.json f1 f2 e1 e2"
    scene.write_all({
        "app/kustomization.yaml": "resources: [a.yaml]\ncomponents: [../c]\ncrds: [crd.json]\n"
        "patches: [{path: p1.yaml}, {patch: 'x: 1'}]\npatchesStrategicMerge: [p2.yaml, \"a: 1\\nb: 2\"]\n"
        "patchesJson6902: [{path: p3.yaml}]\nreplacements: [{path: r.yaml}, {source: {}}]\nopenapi: {path: o.json}\n"
        "configMapGenerator: [{files: [f1, k=f2], envs: [e1]}]\nsecretGenerator: [{env: e2}]\n",
        "c/kustomization.yml": "kind: Component\n",
        **{f"app/{name}": "x" for name in f"{named} unused".split()},
    })  # fmt: skip
    found = closure(scene.tree, "app")
    assert found.problems == []
    expected = {"app/kustomization.yaml", "c/kustomization.yml", *(f"app/{name}" for name in named.split())}
    assert found.files.keys() == expected
