from collections.abc import Iterator

import pytest

from tests.unit.analysis.providers.vendor import Vendor, a_vendor


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with a_vendor() as running:
        yield running
