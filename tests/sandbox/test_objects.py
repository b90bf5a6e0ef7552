"""Create, read, update: what the server adds, keeps and refuses."""

from __future__ import annotations

import pytest

from tests.sandbox.builders import Object, config_map, deployment, differences, managers, replica_set, service
from tests.sandbox.client import Api


def test_a_created_object_gets_what_only_the_server_can_give(api: Api) -> None:
    made = api.post(api.path("configmaps"), config_map("a", {"k": "v"})).ok()["metadata"]
    assert {"uid", "resourceVersion", "creationTimestamp"} <= made.keys()
    assert made["namespace"] == api.namespace
    assert "generation" not in made


def test_a_generated_name_extends_its_prefix(api: Api) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "job-"}}
    found = {api.post(api.path("configmaps"), body).ok()["metadata"]["name"] for _ in range(3)}
    assert len(found) == 3
    assert all(name.startswith("job-") and len(name) == 9 for name in found)


def test_fields_of_the_server_cannot_be_given(api: Api) -> None:
    body = config_map("a", uid="mine", creationTimestamp="2001-01-01T00:00:00Z", generation=7)
    made = api.post(api.path("configmaps"), body).ok()["metadata"]
    assert made["uid"] != "mine"
    assert not made["creationTimestamp"].startswith("2001")


REFUSED = {
    "no such object": ("GET", "configmaps/nope", None, 404, "NotFound", []),
    "no such resource": ("GET", "nopes", None, 404, "NotFound", []),
    "no name": ("POST", "configmaps", {"metadata": {}}, 422, "Invalid", [("FieldValueRequired", "metadata.name")]),
    "bad name": ("POST", "configmaps", config_map("A_b"), 422, "Invalid", [("FieldValueInvalid", "metadata.name")]),
    "other namespace": ("POST", "configmaps", config_map("a", namespace="other"), 400, "BadRequest", []),
    "other kind": ("POST", "configmaps", config_map("a") | {"kind": "Secret"}, 400, "BadRequest", []),
    "no key": (
        "POST",
        "configmaps",
        config_map("a", {"c/d": "1"}),
        422,
        "Invalid",
        [("FieldValueInvalid", "data[c/d]")],
    ),
    "no JSON": ("POST", "configmaps", "{nope", 400, "BadRequest", []),
    "wrong type": ("POST", "configmaps", config_map("a", {"k": 1}), 400, "BadRequest", []),
    "given version": ("POST", "configmaps", config_map("a", resourceVersion="1"), 500, "", []),
    "no such method": ("POST", "configmaps/a", config_map("a"), 405, "MethodNotAllowed", []),
    "absent": ("PUT", "configmaps/a", config_map("a", resourceVersion="1"), 404, "NotFound", []),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_requests_that_make_no_sense_are_refused_with_the_reason(api: Api, case: tuple) -> None:
    method, path, body, code, reason, causes = case
    answer = api.call(method, f"{api.path(path)}", body)
    assert (answer.code, answer.reason, answer.causes) == (code, reason, causes)
    assert (answer.body["kind"], answer.body["status"]) == ("Status", "Failure")


def test_a_second_object_of_the_same_name_already_exists(api: Api) -> None:
    api.post(api.path("configmaps"), config_map("a")).ok()
    answer = api.post(api.path("configmaps"), config_map("a"))
    assert (answer.code, answer.reason) == (409, "AlreadyExists")
    assert answer.message == 'configmaps "a" already exists'
    assert answer.body["details"] == {"name": "a", "kind": "configmaps"}


def test_nothing_can_be_created_in_a_namespace_that_is_not_there(api: Api) -> None:
    answer = api.post(api.path("configmaps", namespace="nowhere"), config_map("a"))
    assert (answer.code, answer.reason) == (404, "NotFound")
    assert answer.message == 'namespaces "nowhere" not found'


def test_a_missing_object_is_named_with_its_group(api: Api) -> None:
    answer = api.get(api.path("deployments", "nope", "apps/v1"))
    assert answer.message == 'deployments.apps "nope" not found'
    assert answer.body["details"] == {"name": "nope", "group": "apps", "kind": "deployments"}


def test_a_stale_update_is_a_conflict(api: Api) -> None:
    path = api.path("configmaps", "a")
    first = api.post(api.path("configmaps"), config_map("a", {"k": "1"})).ok()
    api.put(path, first | {"data": {"k": "2"}}).ok()
    answer = api.put(path, first | {"data": {"k": "3"}})
    assert (answer.code, answer.reason) == (409, "Conflict")
    assert answer.body["details"] == {"name": "a", "kind": "configmaps"}
    assert api.get(path).body["data"] == {"k": "2"}


def test_an_update_without_a_version_wins(api: Api) -> None:
    api.post(api.path("configmaps"), config_map("a", {"k": "1"})).ok()
    assert api.put(api.path("configmaps", "a"), config_map("a", {"k": "2"})).ok()["data"] == {"k": "2"}


def test_some_kinds_are_never_updated_without_a_version(api: Api) -> None:
    lease = {"metadata": {"name": "l"}, "spec": {"holderIdentity": "x"}}
    api.post(api.path("leases", api="coordination.k8s.io/v1"), lease).ok()
    answer = api.put(api.path("leases", "l", "coordination.k8s.io/v1"), lease)
    assert (answer.code, answer.causes) == (422, [("FieldValueInvalid", "metadata.resourceVersion")])


def test_an_update_of_another_incarnation_is_a_conflict(api: Api) -> None:
    api.post(api.path("configmaps"), config_map("a")).ok()
    answer = api.put(api.path("configmaps", "a"), config_map("a", uid="11111111-2222-3333-4444-555555555555"))
    assert (answer.code, answer.reason) == (409, "Conflict")


def test_the_name_in_the_body_must_be_the_name_in_the_path(api: Api) -> None:
    api.post(api.path("configmaps"), config_map("a")).ok()
    answer = api.put(api.path("configmaps", "a"), config_map("b"))
    assert (answer.code, answer.reason) == (400, "BadRequest")


def test_an_update_that_changes_nothing_makes_no_new_version(api: Api) -> None:
    made = api.post(api.path("configmaps"), config_map("a", {"k": "1"})).ok()
    again = api.put(api.path("configmaps", "a"), made).ok()
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


def test_only_a_change_of_the_spec_counts_as_a_generation(api: Api) -> None:
    path = api.path("replicasets", "set", "apps/v1")
    api.post(api.path("replicasets", api="apps/v1"), replica_set()).ok()
    labelled = api.patch(path, {"metadata": {"labels": {"x": "y"}}}).ok()
    assert labelled["metadata"]["generation"] == 1
    assert api.patch(path, {"spec": {"minReadySeconds": 3}}).ok()["metadata"]["generation"] == 2


@pytest.mark.parametrize(
    ("validation", "code", "warned"),
    [("Ignore", 201, False), ("Warn", 201, True), ("Strict", 400, False)],
    ids=["ignored", "warned", "strict"],
)
def test_unknown_fields_are_dropped_or_refused_as_asked(api: Api, validation: str, code: int, warned: bool) -> None:
    body = deployment(nope=1)
    answer = api.post(api.path("deployments", api="apps/v1"), body, fieldValidation=validation)
    assert answer.code == code
    assert ('unknown field \\"spec.nope\\"' in answer.headers.get("Warning", "")) is warned
    if code == 400:
        assert 'strict decoding error: unknown field "spec.nope"' in answer.message
    else:
        assert "nope" not in answer.body["spec"]


def test_a_deployment_is_filled_with_the_defaults_that_clients_see(api: Api) -> None:
    body = deployment(
        template={"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    )
    spec = api.post(api.path("deployments", api="apps/v1"), body).ok()["spec"]
    assert (spec["replicas"], spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (1, 10, 600)
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
    assert spec["template"]["spec"] == {
        "containers": [
            {
                "name": "c",
                "image": "i",
                "imagePullPolicy": "Always",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": 30,
        "dnsPolicy": "ClusterFirst",
        "securityContext": {},
        "schedulerName": "default-scheduler",
    }


FULL_POD = {
    "serviceAccountName": "robot",
    "containers": [
        {
            "name": "c",
            "image": "registry.example/i:1.2",
            "env": [
                {"name": "A", "value": ""},
                {"name": "B", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            ],
            "ports": [{"containerPort": 80}],
            "resources": {"limits": {"cpu": "1000m", "memory": "1024Mi"}, "requests": {"cpu": 0.5}},
            "readinessProbe": {"httpGet": {"port": 80}},
            "volumeMounts": [{"name": "v", "mountPath": "/v"}],
        }
    ],
    "volumes": [
        {"name": "v", "configMap": {"name": "cm"}},
        {"name": "w", "emptyDir": {}},
        {"name": "x", "secret": {"secretName": "s"}},
    ],
}
OBJECTS = {
    "full pod template": (
        "deployments",
        "apps/v1",
        deployment(template={"metadata": {"labels": {"app": "web"}}, "spec": FULL_POD}),
    ),
    "recreate": ("deployments", "apps/v1", deployment(strategy={"type": "Recreate"})),
    "replica set": ("replicasets", "apps/v1", replica_set()),
    "service": (
        "services",
        "v1",
        service(ports=[{"port": 80, "name": "http"}, {"port": 81, "targetPort": "x", "name": "y"}]),
    ),
    "headless": ("services", "v1", service(clusterIP="None")),
    "secret": ("secrets", "v1", {"metadata": {"name": "s"}, "stringData": {"a": "b"}}),
    "stateful set": (
        "statefulsets",
        "apps/v1",
        {
            "metadata": {"name": "s"},
            "spec": {
                "replicas": 0,
                "serviceName": "s",
                "selector": {"matchLabels": {"app": "web"}},
                "template": deployment()["spec"]["template"],
            },
        },
    ),
    "cron job": (
        "cronjobs",
        "batch/v1",
        {
            "metadata": {"name": "c"},
            "spec": {
                "schedule": "0 0 1 1 *",
                "jobTemplate": {
                    "spec": {
                        "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "c", "image": "i"}]}}
                    }
                },
            },
        },
    ),
    "ingress": (
        "ingresses",
        "networking.k8s.io/v1",
        {
            "metadata": {"name": "i"},
            "spec": {
                "ingressClassName": "nginx",
                "rules": [
                    {
                        "host": "a.example",
                        "http": {
                            "paths": [
                                {
                                    "path": "/",
                                    "pathType": "Prefix",
                                    "backend": {"service": {"name": "s", "port": {"number": 80}}},
                                }
                            ]
                        },
                    }
                ],
            },
        },
    ),
    "network policy": (
        "networkpolicies",
        "networking.k8s.io/v1",
        {"metadata": {"name": "n"}, "spec": {"podSelector": {}}},
    ),
    "autoscaler": (
        "horizontalpodautoscalers",
        "autoscaling/v2",
        {
            "metadata": {"name": "h"},
            "spec": {
                "maxReplicas": 3,
                "scaleTargetRef": {"kind": "Deployment", "name": "x", "apiVersion": "apps/v1"},
                "metrics": [
                    {
                        "type": "Resource",
                        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
                    }
                ],
            },
        },
    ),
    "disruption budget": (
        "poddisruptionbudgets",
        "policy/v1",
        {"metadata": {"name": "p"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"a": "b"}}}},
    ),
    "role": (
        "roles",
        "rbac.authorization.k8s.io/v1",
        {"metadata": {"name": "r"}, "rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]},
    ),
    "role binding": (
        "rolebindings",
        "rbac.authorization.k8s.io/v1",
        {
            "metadata": {"name": "r"},
            "roleRef": {"kind": "Role", "name": "r"},
            "subjects": [{"kind": "ServiceAccount", "name": "x", "namespace": "y"}, {"kind": "User", "name": "u"}],
        },
    ),
    "claim": (
        "persistentvolumeclaims",
        "v1",
        {
            "metadata": {"name": "p"},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "storageClassName": "",
                "resources": {"requests": {"storage": "1024Mi"}},
            },
        },
    ),
    "lease": (
        "leases",
        "coordination.k8s.io/v1",
        {"metadata": {"name": "l"}, "spec": {"holderIdentity": "", "leaseDurationSeconds": 15}},
    ),
}


def comparable(obj: Object) -> Object:
    """Without what differs from server to server: identity and addresses."""
    spec = obj.get("spec", {})
    own = {name: value for name, value in spec.items() if name not in ("clusterIP", "clusterIPs")}
    return obj | {"metadata": {}} | ({"spec": own} if spec else {})


@pytest.mark.cluster
@pytest.mark.parametrize("case", OBJECTS.values(), ids=OBJECTS.keys())
def test_an_object_is_stored_as_the_real_server_stores_it(both: tuple[Api, Api], case: tuple) -> None:
    plural, version, body = case
    made = [api.post(api.path(plural, api=version), body, fieldManager="maker").ok() for api in both]
    owned = [managers(obj).get(("maker", "Update")) for obj in made]
    assert differences(owned[0], owned[1]) == []
    assert differences(comparable(made[0]), comparable(made[1])) == []


INVALID = {
    "no selector, no containers": (
        "deployments",
        "apps/v1",
        {"metadata": {"name": "x"}, "spec": {}},
        [
            ("FieldValueInvalid", "spec.template.metadata.labels"),
            ("FieldValueRequired", "spec.selector"),
            ("FieldValueRequired", "spec.template.spec.containers"),
        ],
    ),
    "selector of others": (
        "deployments",
        "apps/v1",
        deployment(selector={"matchLabels": {"app": "other"}}),
        [("FieldValueInvalid", "spec.template.metadata.labels")],
    ),
    "negative replicas": ("replicasets", "apps/v1", replica_set(replicas=-1), [("FieldValueInvalid", "spec.replicas")]),
    "container without image": (
        "deployments",
        "apps/v1",
        deployment(template={"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c"}]}}),
        [("FieldValueRequired", "spec.template.spec.containers[0].image")],
    ),
    "repeated names": (
        "deployments",
        "apps/v1",
        deployment(
            template={
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "containers": [
                        {"name": "c", "image": "i", "ports": [{"containerPort": n, "name": "p"} for n in (80, 81)]},
                        {"name": "c", "image": "i"},
                    ]
                },
            }
        ),
        [
            ("FieldValueDuplicate", "spec.template.spec.containers[0].ports[1].name"),
            ("FieldValueDuplicate", "spec.template.spec.containers[1].name"),
        ],
    ),
    "service without ports": ("services", "v1", service(ports=[]), [("FieldValueRequired", "spec.ports")]),
}


@pytest.mark.parametrize("case", INVALID.values(), ids=INVALID.keys())
def test_an_invalid_object_is_refused_with_every_wrong_field(api: Api, case: tuple) -> None:
    plural, version, body, causes = case
    answer = api.post(api.path(plural, api=version), body)
    assert (answer.code, answer.reason, answer.causes) == (422, "Invalid", causes)


def test_a_selector_never_changes(api: Api) -> None:
    path = api.path("replicasets", "set", "apps/v1")
    api.post(api.path("replicasets", api="apps/v1"), replica_set()).ok()
    labels = {"app": "other"}
    change = {"spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}}
    answer = api.patch(path, change)
    assert (answer.code, answer.causes) == (422, [("FieldValueInvalid", "spec.selector")])
    assert "field is immutable" in answer.message


def test_the_template_of_a_job_never_changes(api: Api) -> None:
    body = {"metadata": {"name": "j"}, "spec": {"suspend": True, "template": deployment()["spec"]["template"]}}
    body["spec"]["template"]["spec"]["restartPolicy"] = "Never"
    body["spec"]["template"]["spec"]["activeDeadlineSeconds"] = 5
    api.post(api.path("jobs", api="batch/v1"), body).ok()
    change = {"spec": {"template": {"spec": {"activeDeadlineSeconds": 9}}}}
    answer = api.patch(api.path("jobs", "j", "batch/v1"), change)
    ((reason, field),) = answer.causes
    assert (answer.code, reason) == (422, "FieldValueInvalid")
    assert field.startswith("spec.template")


def test_the_address_of_a_service_never_changes(api: Api) -> None:
    made = api.post(api.path("services"), service()).ok()
    address = made["spec"]["clusterIP"]
    kept = api.put(api.path("services", "svc"), service()).ok()
    assert kept["spec"]["clusterIP"] == address
    answer = api.patch(
        api.path("services", "svc"), {"spec": {"clusterIP": "10.0.250.250", "clusterIPs": ["10.0.250.250"]}}
    )
    assert (answer.code, answer.causes) == (422, [("FieldValueInvalid", "spec.clusterIPs[0]")])


def test_a_dry_run_answers_as_if_and_does_nothing(api: Api) -> None:
    made = api.post(api.path("configmaps"), config_map("a"), dryRun="All")
    assert made.code == 201
    assert "resourceVersion" not in made.ok()["metadata"]
    assert api.get(api.path("configmaps", "a")).code == 404


def test_a_dry_run_of_another_kind_is_refused(api: Api) -> None:
    answer = api.post(api.path("configmaps"), config_map("a"), dryRun="Some")
    assert (answer.code, answer.causes) == (422, [("FieldValueNotSupported", "dryRun")])


def test_immutable_data_stays(api: Api) -> None:
    api.post(api.path("configmaps"), config_map("a", {"k": "1"}) | {"immutable": True}).ok()
    answer = api.patch(api.path("configmaps", "a"), {"data": {"k": "2"}})
    assert (answer.code, answer.causes) == (422, [("FieldValueForbidden", "data")])
