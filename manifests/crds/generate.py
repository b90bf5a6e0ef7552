"""Writes the CustomResourceDefinitions beside this file: `python manifests/crds/generate.py`.

The schemas are structural: every documented field has its type, so that the API server prunes typing mistakes and
`kubectl explain` teaches. Pod templates and Job specs keep unknown fields (their schema belongs to Kubernetes), but
containers merge by name, so that several managers may own fields of one template. Source: spec rollouts §1, §7, §9.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

Schema = dict[str, Any]

HERE = Path(__file__).parent
GROUP = "argoproj.io"
VERSION = "v1alpha1"


def text(description: str = "", **more: Any) -> Schema:
    return _described({"type": "string", **more}, description)


def number(description: str = "", **more: Any) -> Schema:
    return _described({"type": "integer", "format": "int32", **more}, description)


def flag(description: str = "") -> Schema:
    return _described({"type": "boolean"}, description)


def int_or_text(description: str = "") -> Schema:
    return _described({"x-kubernetes-int-or-string": True}, description)


def time(description: str = "") -> Schema:
    return _described({"type": "string", "format": "date-time"}, description)


def strings(description: str = "") -> Schema:
    return _described({"type": "array", "items": {"type": "string"}}, description)


def string_map(description: str = "") -> Schema:
    return _described({"type": "object", "additionalProperties": {"type": "string"}}, description)


def anything(description: str = "") -> Schema:
    """Any JSON value."""
    return _described({"x-kubernetes-preserve-unknown-fields": True}, description)


def open_object(description: str = "", **properties: Schema) -> Schema:
    """An object whose other fields are kept as they are."""
    shape: Schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return _described(shape | ({"properties": properties} if properties else {}), description)


def obj(description: str = "", required: tuple[str, ...] = (), **properties: Schema) -> Schema:
    shape: Schema = {"type": "object", "properties": properties}
    return _described(shape | ({"required": list(required)} if required else {}), description)


def listed(item: Schema, description: str = "") -> Schema:
    return _described({"type": "array", "items": item}, description)


def keyed(item: Schema, *keys: str, description: str = "") -> Schema:
    """A list whose items merge by these keys in server-side apply."""
    item = item | {"required": sorted({*item.get("required", ()), *keys})}
    shape = {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": list(keys), "items": item}
    return _described(shape, description)


def _described(schema: Schema, description: str) -> Schema:
    return {"description": description, **schema} if description else schema


def label_selector(description: str = "") -> Schema:
    expression = obj(required=("key", "operator"), key=text(), operator=text(), values=strings())
    return obj(description, matchLabels=string_map(), matchExpressions=listed(expression))


def pod_template(description: str = "Template of the pods; any field of a Kubernetes PodTemplateSpec.") -> Schema:
    def containers() -> Schema:
        return keyed(open_object(name=text(), image=text()), "name")

    spec = open_object(containers=containers(), initContainers=containers())
    return obj(description, metadata=open_object(labels=string_map(), annotations=string_map()), spec=spec)


METADATA = {"labels": string_map(), "annotations": string_map()}
TEMPLATE_REFS = listed(obj(templateName=text(), clusterScope=flag("Read a ClusterAnalysisTemplate.")))
DRY_RUN = listed(obj(required=("metricName",), metricName=text("A metric's name or an unanchored regular expression.")))
RETENTION = listed(obj(required=("metricName", "limit"), metricName=text(), limit=number()))


def rollout_args() -> Schema:
    source = obj(
        podTemplateHashValue=text("Stable or Latest.", enum=["Stable", "Latest"]),
        fieldRef=obj(required=("fieldPath",), fieldPath=text("Path in the Rollout, e.g. metadata.labels['env'].")),
    )
    return listed(obj(required=("name",), name=text(), value=text(), valueFrom=source))


def rollout_analysis(description: str, **more: Schema) -> Schema:
    return obj(
        description,
        templates=TEMPLATE_REFS,
        args=rollout_args(),
        dryRun=DRY_RUN,
        measurementRetention=RETENTION,
        analysisRunMetadata=obj(**METADATA),
        **more,
    )


def string_match() -> Schema:
    return obj(exact=text(), prefix=text(), regex=text())


def experiment_step() -> Schema:
    template = obj(
        required=("name", "specRef"),
        name=text(),
        specRef=text(enum=["canary", "stable"]),
        replicas=number(),
        metadata=obj(**METADATA),
        selector=label_selector(),
        weight=number("Percent of traffic for this template's pods."),
        service=obj(name=text()),
    )
    analysis = obj(
        required=("name", "templateName"),
        name=text(),
        templateName=text(),
        clusterScope=flag(),
        args=rollout_args(),
        requiredForCompletion=flag(),
    )
    return obj(
        "Runs an Experiment and waits for it.",
        required=("templates",),
        templates=listed(template),
        duration=text(),
        analyses=listed(analysis),
        dryRun=DRY_RUN,
        analysisRunMetadata=obj(**METADATA),
        scaleDownDelaySeconds=number(),
    )


def canary_step() -> Schema:
    header = obj(required=("headerName", "headerValue"), headerName=text(), headerValue=string_match())
    route = obj(
        method=string_match(),
        path=string_match(),
        headers={"type": "object", "additionalProperties": string_match()},
    )
    return obj(
        "One step; exactly one kind per item.",
        setWeight=number("Percent of traffic (or, without traffic routing, of pods) for the new version."),
        pause=obj(
            "Waits; for ever without a duration.", duration=int_or_text("Seconds, or a Go duration such as 1h30m.")
        ),
        setCanaryScale=obj(
            "Sizes the canary apart from its weight.",
            weight=number(),
            replicas=number(),
            matchTrafficWeight=flag(),
        ),
        analysis=rollout_analysis("Runs an analysis and waits for its verdict."),
        experiment=experiment_step(),
        setHeaderRoute=obj(name=text(), match=listed(header)),
        setMirrorRoute=obj(required=("name",), name=text(), percentage=number(), match=listed(route)),
        plugin=obj(required=("name",), name=text(), config=anything()),
    )


def traffic_routing() -> Schema:
    virtual_service = obj(
        required=("name",),
        name=text(),
        routes=strings(),
        tlsRoutes=listed(obj(port={"type": "integer", "format": "int64"}, sniHosts=strings())),
        tcpRoutes=listed(obj(port={"type": "integer", "format": "int64"})),
    )
    destination_rule = obj(
        required=("name", "canarySubsetName", "stableSubsetName"),
        name=text(),
        canarySubsetName=text(),
        stableSubsetName=text(),
        additionalSubsetNames=strings(),
    )
    node = obj(required=("name",), name=text())
    return obj(
        "How traffic is split by weight; any number of routers may be set together.",
        managedRoutes=listed(obj(required=("name",), name=text()), "Routes that header and mirror steps may create."),
        maxTrafficWeight=number("What counts as all traffic; 100 unless set (nginx and plugins only)."),
        istio=obj(
            virtualService=virtual_service, virtualServices=listed(virtual_service), destinationRule=destination_rule
        ),
        nginx=obj(
            annotationPrefix=text(),
            stableIngress=text(),
            stableIngresses=strings(),
            additionalIngressAnnotations=string_map(),
            canaryIngressAnnotations=string_map(),
        ),
        alb=obj(
            required=("servicePort",),
            ingress=text(),
            ingresses=strings(),
            servicePort=number(),
            rootService=text(),
            annotationPrefix=text(),
            stickinessConfig=obj(
                required=("enabled", "durationSeconds"),
                enabled=flag(),
                durationSeconds={"type": "integer", "format": "int64"},
            ),
        ),
        smi=obj(rootService=text(), trafficSplitName=text()),
        ambassador=obj(required=("mappings",), mappings=strings()),
        traefik=obj(required=("weightedTraefikServiceName",), weightedTraefikServiceName=text()),
        apisix=obj(route=obj(required=("name",), name=text(), rules=strings())),
        appMesh=obj(
            virtualService=obj(required=("name",), name=text(), routes=strings()),
            virtualNodeGroup=obj(
                required=("canaryVirtualNodeRef", "stableVirtualNodeRef"),
                canaryVirtualNodeRef=node,
                stableVirtualNodeRef=node,
            ),
        ),
        plugins=open_object("Routers by plugin name, each with its own configuration."),
    )


def anti_affinity() -> Schema:
    return obj(
        "Keeps new pods off the nodes of stable ones.",
        preferredDuringSchedulingIgnoredDuringExecution=obj(required=("weight",), weight=number()),
        requiredDuringSchedulingIgnoredDuringExecution={"type": "object"},
    )


def canary() -> Schema:
    return obj(
        "Shifts traffic to the new version in steps.",
        canaryService=text("Service that selects only the new version's pods."),
        stableService=text("Service that selects only the stable version's pods."),
        steps=listed(canary_step()),
        trafficRouting=traffic_routing(),
        maxSurge=int_or_text("Pods above spec.replicas during an update; a number or a percentage. Default 25%."),
        maxUnavailable=int_or_text("Pods that may be missing during an update; number or percentage. Default 25%."),
        analysis=rollout_analysis("Runs during the whole update.", startingStep=number("First step at which it runs.")),
        antiAffinity=anti_affinity(),
        canaryMetadata=obj("Labels and annotations of pods while they are canaries.", **METADATA),
        stableMetadata=obj("Labels and annotations of pods once they are stable.", **METADATA),
        scaleDownDelaySeconds=number("How long the old version is kept after promotion. Default 30."),
        scaleDownDelayRevisionLimit=number(),
        abortScaleDownDelaySeconds=number("How long an aborted canary is kept; 0 keeps it. Default 30."),
        dynamicStableScale=flag("Shrinks the stable version as traffic leaves it."),
        pingPong=obj(required=("pingService", "pongService"), pingService=text(), pongService=text()),
        minPodsPerReplicaSet=number(),
        replicaProgressThreshold=obj(required=("type", "value"), type=text(enum=["Percent", "Pods"]), value=number()),
    )


def blue_green() -> Schema:
    return obj(
        "Switches all traffic at once from the active to the preview version.",
        required=("activeService",),
        activeService=text(),
        previewService=text(),
        previewReplicaCount=number(),
        autoPromotionEnabled=flag("Default true."),
        autoPromotionSeconds=number(),
        maxUnavailable=int_or_text(),
        scaleDownDelaySeconds=number(),
        scaleDownDelayRevisionLimit=number(),
        abortScaleDownDelaySeconds=number(),
        prePromotionAnalysis=rollout_analysis("Must succeed before traffic is switched."),
        postPromotionAnalysis=rollout_analysis("Judges after the switch; failure switches back."),
        antiAffinity=anti_affinity(),
        previewMetadata=obj(**METADATA),
        activeMetadata=obj(**METADATA),
    )


def rollout_spec() -> Schema:
    selector = label_selector("Which pods belong to this Rollout. Immutable.")
    selector["x-kubernetes-validations"] = [{"rule": "self == oldSelf", "message": "selector is immutable"}]
    return obj(
        replicas=number("Number of pods; 1 unless set."),
        selector=selector,
        template=pod_template(),
        workloadRef=obj(
            "Takes the template from another object instead.",
            apiVersion=text(),
            kind=text(),
            name=text(),
            scaleDown=text("never, onsuccess or progressively."),
        ),
        minReadySeconds=number(),
        revisionHistoryLimit=number("Old ReplicaSets to keep. Default 10."),
        paused=flag("Holds the rollout where it is."),
        progressDeadlineSeconds=number("Seconds without progress until the update counts as stuck. Default 600."),
        progressDeadlineAbort=flag("Abort when the progress deadline passes."),
        restartAt=time("Pods created before this moment are replaced."),
        rollbackWindow=obj(revisions=number("How many revisions back a change counts as a rollback and skips steps.")),
        analysis=obj(successfulRunHistoryLimit=number(), unsuccessfulRunHistoryLimit=number()),
        strategy=obj("Exactly one of canary and blueGreen.", canary=canary(), blueGreen=blue_green()),
    )


def condition() -> Schema:
    return obj(
        required=("type", "status"),
        type=text(),
        status=text(),
        reason=text(),
        message=text(),
        lastUpdateTime=time(),
        lastTransitionTime=time(),
    )


def rollout_status() -> Schema:
    run = obj(name=text(), status=text(), message=text())
    weight = obj(weight=number(), serviceName=text(), podTemplateHash=text())
    group = obj(name=text(), arn=text(), fullName=text())
    alb = obj(ingress=text(), loadBalancer=group, canaryTargetGroup=group, stableTargetGroup=group)
    plugin = obj(
        index=number("Of the step."),
        name=text(),
        operation=text("Run, Terminate or Abort."),
        phase=text("Running, Successful, Failed or Error."),
        message=text(),
        startedAt=time(),
        updatedAt=time(),
        finishedAt=time(),
        backoff=text("Go duration until it is asked again."),
        executions=number("How often it was asked."),
        disabled=flag(),
        status=anything("The plugin's own."),
    )
    return obj(
        observedGeneration=text(),
        currentPodHash=text(),
        currentStepHash=text(),
        currentStepIndex=number(),
        stableRS=text(),
        replicas=number(),
        updatedReplicas=number(),
        readyReplicas=number(),
        availableReplicas=number(),
        HPAReplicas=number(),
        selector=text(),
        collisionCount=number(),
        conditions=listed(condition()),
        phase=text(),
        message=text(),
        abort=flag(),
        abortedAt=time(),
        pauseConditions=listed(obj(required=("reason", "startTime"), reason=text(), startTime=time())),
        controllerPause=flag(),
        promoteFull=flag(),
        restartedAt=time(),
        workloadObservedGeneration=text(),
        blueGreen=obj(
            activeSelector=text(),
            previewSelector=text(),
            scaleUpPreviewCheckPoint=flag(),
            prePromotionAnalysisRunStatus=run,
            postPromotionAnalysisRunStatus=run,
        ),
        canary=obj(
            currentStepAnalysisRunStatus=run,
            currentBackgroundAnalysisRunStatus=run,
            currentExperiment=text(),
            stablePingPong=text(),
            stepPluginStatuses=listed(plugin),
            weights=obj(
                canary=weight,
                stable=weight,
                additional=listed(weight),
                verified=flag(),
            ),
        ),
        alb=alb,
        albs=listed(alb),
        duration=obj(
            rolloutStartedAt=time(),
            manualPauseStartedAt=time(),
            totalManualPauseDurationSeconds=number(),
            finishedAt=time(),
            completionStatus=text(),
        ),
    )


def basic_auth() -> Schema:
    reference = obj(required=("name", "key"), name=text(), key=text())
    return obj(username=reference, password=reference)


def oauth2() -> Schema:
    return obj(tokenUrl=text(), clientId=text(), clientSecret=text(), scopes=strings())


def headers() -> Schema:
    return listed(obj(required=("key", "value"), key=text(), value=text()))


def prometheus() -> Schema:
    return obj(
        "A PromQL query; the result is a list of numbers, or one for a scalar.",
        address=text("URL of Prometheus; the daemon's own setting unless given."),
        query=text(),
        timeout={"type": "integer", "format": "int64", "description": "Seconds. Default 30."},
        insecure=flag("Do not verify the server's certificate."),
        headers=headers(),
        rangeQuery=obj(start=text("Expression, e.g. now() - duration('5m')."), end=text(), step=text()),
        authentication=obj(
            basicAuth=basic_auth(), oauth2=oauth2(), sigv4=obj(region=text(), profile=text(), roleArn=text())
        ),
    )


def datadog() -> Schema:
    return obj(
        apiVersion=text(default="v1", enum=["v1", "v2"]),
        query=text(),
        queries=string_map(),
        formula=text(),
        aggregator=text(),
        interval=text(default="5m"),
        requestTimeout=text(default="10s"),
        secretRef=obj(name=text(), namespaced=flag()),
    )


def kayenta() -> Schema:
    window = obj(scope=text(), region=text(), step={"type": "integer"}, start=text(), end=text())
    return obj(
        address=text(),
        application=text(),
        canaryConfigName=text(),
        metricsAccountName=text(),
        configurationAccountName=text(),
        storageAccountName=text(),
        threshold=obj(**{"pass": {"type": "integer"}, "marginal": {"type": "integer"}}),
        scopes=listed(obj(name=text(), controlScope=window, experimentScope=window)),
        lookback=flag(),
    )


def cloud_watch() -> Schema:
    dimensions = listed(obj(name=text(), value=text()))
    query = obj(
        id=text(),
        expression=text(),
        label=text(),
        metricStat=obj(
            metric=obj(namespace=text(), metricName=text(), dimensions=dimensions),
            period=int_or_text("Seconds."),
            stat=text(),
            unit=text(),
        ),
        period=int_or_text("Seconds."),
        returnData=flag(),
    )
    return obj(interval=text("How far back it asks. Default 5m."), metricDataQueries=listed(query))


def provider() -> Schema:
    return obj(
        "Where the measurement comes from; exactly one.",
        prometheus=prometheus(),
        job=obj(required=("spec",), metadata=open_object(**METADATA), spec=open_object("A Kubernetes JobSpec.")),
        web=obj(
            required=("url",),
            method=text(enum=["GET", "POST", "PUT"]),
            url=text(),
            headers=headers(),
            body=text(),
            jsonBody=anything(),
            timeoutSeconds={"type": "integer", "format": "int64"},
            jsonPath=text(),
            insecure=flag(),
            authentication=open_object(oauth2=oauth2()),
        ),
        datadog=datadog(),
        newRelic=obj(required=("query",), profile=text(), query=text(), timeout={"type": "integer", "format": "int64"}),
        wavefront=obj(address=text(), query=text()),
        kayenta=kayenta(),
        cloudWatch=cloud_watch(),
        graphite=obj(address=text(), query=text()),
        influxdb=obj(profile=text(), query=text()),
        skywalking=obj(address=text(), query=text(), interval=text()),
        plugin=open_object("A provider by name, with its own configuration."),
    )


def metric() -> Schema:
    return obj(
        required=("name", "provider"),
        name=text(),
        interval=text("Go duration between measurements; one measurement only when unset."),
        initialDelay=text(),
        count=int_or_text("How many measurements; for ever when an interval is set and this is not."),
        successCondition=text("Expression over result; true means good."),
        failureCondition=text("Expression over result; true means bad."),
        failureLimit=int_or_text("Failed measurements that are still tolerated. Default 0; -1 means any number."),
        inconclusiveLimit=int_or_text(),
        consecutiveErrorLimit=int_or_text("Errors in a row that are tolerated. Default 4."),
        consecutiveSuccessLimit=int_or_text("Successes in a row that end the metric early; 0 is off."),
        provider=provider(),
    )


def analysis_args() -> Schema:
    source = obj(
        secretKeyRef=obj(required=("name", "key"), name=text(), key=text()),
        fieldRef=obj(required=("fieldPath",), fieldPath=text()),
    )
    return keyed(obj(name=text(), value=text(), valueFrom=source), "name")


def template_spec() -> Schema:
    return obj(
        metrics=keyed(metric(), "name"),
        args=analysis_args(),
        dryRun=DRY_RUN,
        measurementRetention=RETENTION,
        templates=TEMPLATE_REFS,
    )


def run_spec() -> Schema:
    return obj(
        required=("metrics",),
        metrics=keyed(metric(), "name"),
        args=analysis_args(),
        dryRun=DRY_RUN,
        measurementRetention=RETENTION,
        terminate=flag("Ends the run."),
        ttlStrategy=obj(secondsAfterCompletion=number(), secondsAfterFailure=number(), secondsAfterSuccess=number()),
    )


def run_status() -> Schema:
    counts = {name: number() for name in ("count", "successful", "failed", "inconclusive", "error")}
    measurement = obj(
        required=("phase",),
        phase=text(),
        message=text(),
        value=text(),
        startedAt=time(),
        finishedAt=time(),
        resumeAt=time(),
        metadata=string_map(),
    )
    result = obj(
        required=("name", "phase"),
        name=text(),
        phase=text(),
        message=text(),
        **counts,
        consecutiveError=number(),
        consecutiveSuccess=number(),
        dryRun=flag(),
        metadata=string_map(),
        measurements=listed(measurement),
    )
    return obj(
        phase=text(),
        message=text(),
        startedAt=time(),
        completedAt=time(),
        runSummary=obj(**counts),
        dryRunSummary=obj(**counts),
        metricResults=listed(result),
    )


def experiment_spec() -> Schema:
    template = obj(
        name=text(),
        replicas=number(),
        minReadySeconds=number(),
        selector=label_selector(),
        template=pod_template(),
        service=obj(name=text()),
    )
    analysis = obj(
        required=("name", "templateName"),
        name=text(),
        templateName=text(),
        clusterScope=flag(),
        args=analysis_args(),
        requiredForCompletion=flag(),
    )
    return obj(
        required=("templates",),
        templates=keyed(template, "name"),
        duration=text(),
        progressDeadlineSeconds=number(),
        terminate=flag(),
        analyses=keyed(analysis, "name"),
        scaleDownDelaySeconds=number(),
        dryRun=DRY_RUN,
        analysisRunMetadata=obj(**METADATA),
        measurementRetention=RETENTION,
    )


def experiment_status() -> Schema:
    counts = {name: number() for name in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")}
    template = obj(
        required=("name",),
        name=text(),
        **counts,
        status=text(),
        message=text(),
        lastTransitionTime=time(),
        collisionCount=number(),
        serviceName=text(),
        podTemplateHash=text(),
    )
    run = obj(name=text(), analysisRun=text(), phase=text(), message=text())
    return obj(
        phase=text(),
        message=text(),
        availableAt=time(),
        templateStatuses=listed(template),
        analysisRuns=listed(run),
        conditions=listed(condition()),
    )


def column(name: str, path: str, type_: str = "string", description: str = "") -> Schema:
    return _described({"name": name, "type": type_, "jsonPath": path}, description)


AGE = column("Age", ".metadata.creationTimestamp", "date")
PHASE = column("Status", ".status.phase")
ROLLOUT_COLUMNS = [
    column("Desired", ".spec.replicas", "integer", "Number of desired pods"),
    column("Current", ".status.replicas", "integer", "Number of pods that exist"),
    column("Up-to-date", ".status.updatedReplicas", "integer", "Number of pods of the newest version"),
    column("Available", ".status.availableReplicas", "integer", "Number of pods that serve"),
    AGE,
]


def crd(
    kind: str,
    short: str,
    spec: Schema,
    *,
    columns: list[Schema],
    status: Schema | None = None,
    subresources: Schema | None = None,
    scope: str = "Namespaced",
) -> Schema:
    plural = kind.lower() + "s"
    properties = {
        "apiVersion": text(),
        "kind": text(),
        "metadata": {"type": "object"},
        "spec": spec,
        **({"status": status} if status else {}),
    }
    version: Schema = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object", "required": ["spec"], "properties": properties}},
        "additionalPrinterColumns": columns,
        **({"subresources": subresources} if subresources else {}),
    }
    names = {"kind": kind, "listKind": f"{kind}List", "plural": plural, "singular": kind.lower(), "shortNames": [short]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{GROUP}"},
        "spec": {"group": GROUP, "names": names, "scope": scope, "versions": [version]},
    }


ROLLOUT_SUBRESOURCES: Schema = {
    "status": {},
    "scale": {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.HPAReplicas",
        "labelSelectorPath": ".status.selector",
    },
}

DEFINITIONS: dict[str, Schema] = {
    "rollouts": crd(
        "Rollout",
        "ro",
        rollout_spec(),
        columns=ROLLOUT_COLUMNS,
        status=rollout_status(),
        subresources=ROLLOUT_SUBRESOURCES,
    ),
    "analysisruns": crd("AnalysisRun", "ar", run_spec(), columns=[PHASE, AGE], status=run_status()),
    "analysistemplates": crd("AnalysisTemplate", "at", template_spec(), columns=[AGE]),
    "clusteranalysistemplates": crd("ClusterAnalysisTemplate", "cat", template_spec(), columns=[AGE], scope="Cluster"),
    "experiments": crd("Experiment", "exp", experiment_spec(), columns=[PHASE, AGE], status=experiment_status()),
}


class _Plain(yaml.SafeDumper):
    """No anchors: each schema stands where it is used."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def rendered(definition: Schema) -> str:
    """The file's text."""
    return "# Written by manifests/crds/generate.py; edit that.\n" + yaml.dump(
        definition, Dumper=_Plain, sort_keys=False, width=120
    )


def main() -> None:
    for name, definition in DEFINITIONS.items():
        (HERE / f"{name}.yaml").write_text(rendered(definition))
    kustomization = {"resources": [f"{name}.yaml" for name in DEFINITIONS]}
    (HERE / "kustomization.yaml").write_text(yaml.dump(kustomization, sort_keys=False))


if __name__ == "__main__":
    main()
