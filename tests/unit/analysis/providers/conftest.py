from collections.abc import Iterator

import pytest

from reconciler.aws import access
from tests.unit.analysis.providers.aws import KEY_ID, SECRET_KEY
from tests.unit.analysis.providers.vendor import Vendor, a_vendor


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with a_vendor() as running:
        yield running


@pytest.fixture
def aws(vendor: Vendor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """Credentials and a region in the environment, and the vendor in the place of AWS."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET_KEY)
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", vendor.url)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    _forget()
    yield vendor
    _forget()


def _forget() -> None:
    access.session.cache_clear()
    access.credentials.cache_clear()
