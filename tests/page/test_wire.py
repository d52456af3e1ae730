"""What travels between page and server."""

import base64
import json
from typing import Any

import numpy as np
import pytest

from glassnet.nn.errors import InputError
from glassnet.page import limits
from glassnet.page.wire import from_text, number_of, packed, split_picture, to_text


def unpacked(table: dict[str, Any]) -> np.ndarray:
    """As the page does it."""
    kind = "u8" if "u8" in table else "f32"
    values = np.frombuffer(base64.b64decode(table[kind]), np.uint8 if kind == "u8" else "<f4")
    return values.reshape(table["shape"])


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.bool_, np.uint8, ">f4"])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3), (2, 0, 4)])
def test_arrays_come_back(dtype: Any, shape: tuple[int, ...], rng: np.random.Generator) -> None:
    array = np.asarray(rng.integers(0, 2, shape)).astype(dtype)
    table = json.loads(to_text({"x": [{"y": array}]}))["x"][0]["y"]
    assert unpacked(table).shape == shape
    np.testing.assert_array_equal(unpacked(table), array)
    assert ("u8" in table) == (dtype == np.uint8)


def test_arrays_in_any_order_in_memory(rng: np.random.Generator) -> None:
    array = rng.standard_normal((4, 6)).astype(np.float32)
    for view in (array.T, array[::2], array[:, ::-1]):
        np.testing.assert_array_equal(unpacked(packed(view)), view)


def test_numbers_that_json_does_not_have() -> None:
    message = {"a": float("nan"), "b": np.float32("inf"), "c": np.int64(3), "d": (1, None, True), "e": np.float64(0.1)}
    assert json.loads(to_text(message)) == {"a": None, "b": None, "c": 3, "d": [1, None, True], "e": 0.1}
    array = np.array([np.nan, np.inf, -np.inf], np.float32)  # these an array has
    np.testing.assert_array_equal(unpacked(packed(array)), array)
    assert unpacked(packed(np.array([1e300]))) == [np.inf]


def test_texts_that_cannot_be_written_as_utf8() -> None:
    assert json.loads(to_text({"problem": "\ud800 \x1b \u2028"})) == {"problem": "\ud800 \x1b \u2028"}


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "[]", "3", "nul", '{"a": NaN}', '{"a": -Infinity}', '{"a": 1e400}', '{"a": ' + "9" * 5000 + "}"),
        *("[" * 50_000, '{"a": ' + "[" * 20 + "]" * 20 + "}", '{"a": "' + "x" * limits.MESSAGE + '"}'),
    ],
    ids=lambda text: text[:20],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        from_text(text)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 500


def test_what_is_read() -> None:
    assert from_text('{"id": 7, "a": [[1.5, {"b": null}]]}') == {"id": 7, "a": [[1.5, {"b": None}]]}
    assert from_text('{"a": ' + "[" * 19 + "]" * 19 + "}")
    assert number_of({"id": 0}) == 0
    assert number_of({"id": 2**32 - 1}) == 2**32 - 1
    assert split_picture(b"\0\0\1\0x") == (256, b"x")


@pytest.mark.parametrize("number", [None, -1, 2**32, 1.0, True, "7", [], 10**5000], ids=range(8))
def test_numbers_that_are_none(number: Any) -> None:
    with pytest.raises(InputError, match="expected an id"):
        number_of({"id": number})


@pytest.mark.parametrize("data", [b"", b"\0\0\0\1", bytes(limits.PICTURE + 5)], ids=len)
def test_pictures_that_are_none(data: bytes) -> None:
    with pytest.raises(InputError):
        split_picture(data)
