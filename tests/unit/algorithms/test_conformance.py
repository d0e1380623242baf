"""Every built-in algorithm keeps what is asked of any plugin's."""

import pytest

from pgml.plugin import checks


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.__name__)
def test_conformance(algorithm, check):
    check(algorithm)
