# kustomize renders overlays; it is built from source so that the image holds nothing prebuilt.
FROM golang:1.26-bookworm AS kustomize
RUN CGO_ENABLED=0 GOBIN=/out go install -trimpath -ldflags "-s -w" sigs.k8s.io/kustomize/kustomize/v5@v5.8.1

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY requirements-dev.txt pyproject.toml README.md LICENSE NOTICE ./
COPY reconciler reconciler
COPY manifests manifests
RUN python -m venv /opt/reconciler \
 && /opt/reconciler/bin/pip install --no-cache-dir --constraint requirements-dev.txt ".[aws]"

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 65532 --no-create-home --shell /usr/sbin/nologin reconciler
COPY --from=kustomize /out/kustomize /usr/local/bin/kustomize
COPY --from=build /opt/reconciler /opt/reconciler
ENV PATH=/opt/reconciler/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["reconciler"]
CMD ["run", "--config", "/etc/reconciler/reconciler.yaml"]
