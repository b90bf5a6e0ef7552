"""Plain directories: which files are read, in which order, and what fails the whole render."""

from __future__ import annotations

import os

import pytest

from reconciler.config.model import Directory
from reconciler.render.model import Limits
from tests.unit.render.scene import Scene, config_map

NOT_KUBERNETES = "replicas: 3\nimage: {{ .Values.image }}\n"


def test_yaml_yml_and_json_are_read_and_nothing_else(scene: Scene) -> None:
    as_json = '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}'
    scene.write_all({"a.yaml": config_map("a"), "b.yml": config_map("b"), "c.json": as_json, "README.md": "x: ["})
    assert scene.names() == ["a", "b", "c"]


def test_sub_directories_are_read_only_when_asked(scene: Scene) -> None:
    scene.write_all({"app/a.yaml": config_map("a"), "app/sub/b.yaml": config_map("b"), "other/c.yaml": config_map("c")})
    assert scene.names("app") == ["a"]
    assert scene.names("app", directory=Directory(recurse=True)) == ["a", "b"]


@pytest.mark.parametrize(
    ("include", "exclude", "names"),
    [
        ("*.yaml", "", ["a", "b", "c"]),
        ("a*", "", ["a"]),
        ("{a,sub/c}.yaml", "", ["a", "c"]),
        ("", "sub/*", ["a", "b"]),
        ("*.yaml", "{b,*/c}.yaml", ["a"]),
        ("[ab].yaml", "", ["a", "b"]),
        ("[!a].yaml", "", ["b"]),
        ("?.yaml", "", ["a", "b"]),
        (r"\a.yaml", "", ["a"]),
    ],
)
def test_globs_choose_by_path_and_exclude_goes_first(
    scene: Scene, include: str, exclude: str, names: list[str]
) -> None:
    scene.write_all({"app/a.yaml": config_map("a"), "app/b.yaml": config_map("b"), "app/sub/c.yaml": config_map("c")})
    assert scene.names("app", directory=Directory(True, include, exclude)) == names


@pytest.mark.parametrize("glob", ["[a", "{a", "x" * 1001])
def test_a_glob_that_is_none_is_a_problem(scene: Scene, glob: str) -> None:
    scene.write_all({"a.yaml": config_map("a")})
    assert "glob" in scene.problems(directory=Directory(include=glob))[0]


def test_problems_of_all_files_come_at_once_in_order_of_paths(scene: Scene) -> None:
    scene.write_all({
        "b.yaml": config_map("b", "data: {a: 1, a: 2}\n"),
        "a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n---\n" + config_map("x") + "---\n: [\n",
        "c.yaml": config_map("c"),
    })  # fmt: skip
    files = [problem.split(":")[0] for problem in scene.problems()]
    assert files == ["a.yaml", "b.yaml"]


def test_a_file_that_is_not_kubernetes_is_skipped_with_a_warning(scene: Scene) -> None:
    scene.write_all({"a.yaml": config_map("a"), "values.yaml": "replicas: 3\n", "template.yaml": NOT_KUBERNETES})
    assert scene.names() == ["a"]
    assert [warning.split(":")[0] for warning in scene.warnings()] == ["template.yaml", "values.yaml"]


def test_a_broken_file_that_looks_like_kubernetes_fails_the_render(scene: Scene) -> None:
    scene.write_all({"a.yaml": config_map("a"), "b.yaml": config_map("b", "data: [\n")})
    assert scene.problems()[0].startswith("b.yaml:6:1: ")


def test_a_stray_document_beside_objects_fails_the_render(scene: Scene) -> None:
    scene.write_all({"a.yaml": config_map("a") + "---\nreplicas: 3\n"})
    assert scene.problems()[0].startswith("a.yaml:6:1: apiVersion is missing")


def test_a_marked_file_is_left_out(scene: Scene) -> None:
    scene.write_all({"a.yaml": "# +argocd:skip-file-rendering\n" + config_map("a"), "b.yaml": config_map("b")})
    assert scene.names() == ["b"]


def test_links_are_read_inside_the_repository_only(scene: Scene) -> None:
    scene.write_all({"shared/a.yaml": config_map("a"), "app/b.yaml": config_map("b")})
    (scene.root / "app/link.yaml").symlink_to("../shared/a.yaml")
    (scene.root / "app/gone.yaml").symlink_to("nothing.yaml")
    assert scene.names("app") == ["a", "b"]
    assert scene.warnings("app") == ["app/gone.yaml: is a link to nothing and was skipped"]
    (scene.root / "app/evil.yaml").symlink_to("/proc/self/environ")
    assert scene.problems("app")[0].startswith("app/evil.yaml is a symbolic link out of the repository")


def test_an_application_directory_may_be_a_link(scene: Scene) -> None:
    scene.write_all({"v2/a.yaml": config_map("a")})
    (scene.root / "current").symlink_to("v2")
    rendered = scene.render("current")
    assert [target.key.name for target in rendered.targets] == ["a"]
    assert rendered.inputs.affected_by({"current"})
    assert rendered.inputs.affected_by({"v2/a.yaml"})
    assert not rendered.inputs.affected_by({"v1/a.yaml"})


@pytest.mark.parametrize(
    ("limits", "says"),
    [
        (Limits(files=2), ".: 3 files, but the limit is 2"),
        (Limits(file_bytes=60), "b.yaml: 71 bytes, but the limit is 60"),
        (Limits(total_bytes=150), "c.yaml: 173 bytes of manifests up to this file, but the limit is 150"),
        (Limits(objects=2), "c.yaml: 3 objects up to this file, but the limit is 2"),
    ],
    ids=["files", "one file", "all files", "objects"],
)
def test_every_cap_names_itself_the_file_and_the_number(scene: Scene, limits: Limits, says: str) -> None:
    scene.write_all(
        {"a.yaml": config_map("a"), "b.yaml": config_map("b", "# more and more and\n"), "c.yaml": config_map("c")}
    )
    assert scene.problems(limits=limits)[0].startswith(says)


def test_an_unchanged_file_is_not_parsed_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.write_all({"a.yaml": config_map("a"), "b.yaml": config_map("b")})
    before = scene.render()
    scene.write_all({"b.yaml": config_map("b", "data: {k: v}\n")})
    read: list[str] = []
    original = scene.tree.read
    monkeypatch.setattr(
        scene.tree, "read", lambda entry, limit=None: (read.append(entry.path), original(entry, limit))[1]
    )
    after = scene.render()
    assert read == ["b.yaml"]
    assert before.targets[0] == after.targets[0]
    assert before.targets[1] != after.targets[1]


def test_helm_and_jsonnet_say_that_they_are_not_supported_yet(scene: Scene) -> None:
    scene.write_all({"chart/Chart.yaml": "name: x\n", "j/a.jsonnet": "{}", "ok/a.yaml": config_map("a")})
    assert "chart/Chart.yaml: helm charts are not supported yet" in scene.problems("chart")[0]
    assert "j/a.jsonnet: jsonnet is not supported yet" in scene.problems("j")[0]


def test_a_wrong_path_suggests_the_nearest_one(scene: Scene) -> None:
    scene.write_all({"deploy/shop/a.yaml": config_map("a")})
    assert scene.problems("deploy/shpo") == [
        "the path 'deploy/shpo' is not in the repository (did you mean 'deploy/shop'?)"
    ]
    assert "is a file, not a directory" in scene.problems("deploy/shop/a.yaml")[0]
    assert "not a path inside the repository" in scene.problems("../x")[0]


def test_an_argo_override_file_is_reported_as_unread(scene: Scene) -> None:
    scene.write_all({"a.yaml": config_map("a"), ".argocd-source.yaml": "kustomize: {}\n"})
    assert scene.warnings() == [".argocd-source.yaml: is not read: it has no effect here"]


def test_a_file_name_that_is_not_text_is_a_problem_that_can_be_shown(scene: Scene) -> None:
    (scene.root / os.fsdecode(b"x\xff.yaml")).write_text(config_map("a"))
    assert scene.problems() == ["the file name 'x\\\\xff.yaml' is not printable text (rename the file)"]
