"""What a test needs besides Python: missing parts are skipped with a sentence, or refused where all must be there."""

import os

import pytest

VARIABLE = "ANJUAN_TEST_REQUIRE"


def require(part: str, how: str) -> None:
    """Skip the test because `part` is missing; fail it when ANJUAN_TEST_REQUIRE is `all` or names the part.

    `how` tells how to get it. Several parts are separated by commas.
    """
    sentence = f"{part} is not at hand: {how}"
    wanted = {name.strip().lower() for name in os.environ.get(VARIABLE, "").split(",")}
    if wanted & {"all", part.lower()}:
        pytest.fail(f"{sentence} ({VARIABLE} forbids to skip this)", pytrace=False)
    pytest.skip(sentence)
