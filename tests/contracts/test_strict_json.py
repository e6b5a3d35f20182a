"""JSON from elsewhere is one object, once, and not too large."""

import pytest

from contracts.errors import BadInput
from contracts.strict_json import load_object


def test_an_object_within_the_limit_is_read() -> None:
    data = b'{"a": [1, 2.5, null]}'

    assert load_object(data, len(data)) == {"a": [1, 2.5, None]}


@pytest.mark.parametrize(
    "data",
    [b"", b"1", b"[]", b'{"a":1,"a":1}', b'{"a":NaN}', b'{"a": Infinity}', b'{"a":1} x', b"\xff"],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        load_object(data, 100)


def test_too_much_is_not_even_looked_at() -> None:
    data = b'{"a":1}'

    with pytest.raises(BadInput):
        load_object(data, len(data) - 1)
