import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib import format as npy

from shared_world.world.actions import numpy_files, read_actions
from shared_world.world.actions.numpy_files import read_npy, read_npz


def claiming(shape) -> bytes:
    """An npy file that says it has this shape and holds 80 numbers."""
    stream = io.BytesIO()
    npy.write_array_header_1_0(stream, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return stream.getvalue() + bytes(640)


def npy_bytes(array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.int32, np.uint8, bool, ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numbers_of_any_type_and_order_are_read(dtype, order, tmp_path):
    array = np.arange(12).reshape(3, 4).astype(dtype, order=order)
    np.save(tmp_path / "a.npy", array)
    assert np.array_equal(read_npy(tmp_path / "a.npy"), array)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file is empty"),
        (b"w,a,s,d\n0,0,0,0\n", "not an npy file"),
        (npy_bytes(np.zeros((2, 5, 8)))[:-1], r"shape \(2, 5, 8\) and type float64 does not fit the 639 bytes"),
        (npy_bytes(np.zeros((2, 5, 8))).replace(b"(2, 5, 8)", b"(9e9,)   "), "not an npy file, or a damaged one"),
        (claiming((10**14, 8)), "does not fit the 640 bytes"),
        (claiming((-2, -40)), "does not fit the 640 bytes"),
        (npy_bytes(np.array([{}])), "pickled Python objects, which are never loaded"),
        (npy_bytes(np.zeros(2, dtype="f8,i4")), "expected an array of numbers"),
    ],
)
def test_files_that_are_no_plain_numbers_are_refused(data, message, tmp_path):
    path = tmp_path / "a.npy"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message):
        read_npy(path)


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, w=np.zeros(100_000))
    assert path.stat().st_size < 5_000
    monkeypatch.setattr(numpy_files, "MAXIMUM_BYTES", 500_000)
    with pytest.raises(ValueError, match="unpacks to 1 MiB, at most 0 MiB are read"):
        read_npz(path)


def test_an_archive_that_is_none_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(ValueError, match="not an npz file, or a damaged one"):
        read_npz(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    with pytest.raises(ValueError, match=r"array 'readme\.txt': not an npy file"):
        read_npz(path)


@settings(deadline=None, max_examples=200)
@given(
    place=st.integers(0, 400), value=st.integers(0, 255), cut=st.integers(0, 60), kind=st.sampled_from(["npy", "npz"])
)
def test_damaged_files_give_numbers_or_one_sentence(place, value, cut, kind, tmp_path_factory):
    array = np.zeros((2, 5, 8), dtype=np.float32)
    stream = io.BytesIO()
    if kind == "npy":
        np.save(stream, array)
    else:
        np.savez_compressed(stream, discrete=np.zeros((4, 18)), continuous=np.zeros((4, 6)))
    data = bytearray(stream.getvalue())
    data[place % len(data)] = value
    path = tmp_path_factory.mktemp("damaged") / f"a.{kind}"
    path.write_bytes(data[: len(data) - cut])
    try:
        read_actions(path)
    except ValueError as error:
        assert str(error).startswith(str(path))  # noqa: PT017
        assert "\n" not in str(error)  # noqa: PT017
