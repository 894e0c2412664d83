"""Files that are cut, flipped, forged: always a ModelFileError that names the file, or the very same model."""

import hashlib
import io
import json
import pickle
import zipfile

import numpy as np
import pytest

from shrinkwise.exceptions import ModelFileError
from shrinkwise.store import load_model, save_model
from tests.store.conftest import make_model
from tests.store.test_model_file import same


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "model"
    save_model(path, make_model())
    return path.read_bytes(), load_model(path)


def refused(path, words=None):
    with pytest.raises(ModelFileError, match=words) as caught:
        load_model(path)
    message = str(caught.value)
    assert str(path) in message
    assert len(message) < 500
    return message


def loaded_or_refused(path):
    try:
        return load_model(path)
    except ModelFileError as error:
        message = str(error)
    assert str(path) in message
    return None


def entries_of(blob):
    with zipfile.ZipFile(io.BytesIO(blob)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def forge(path, entries, header=None, rehash=True, compression=zipfile.ZIP_STORED):
    """Write a zip with a changed header, its hash set right if wanted."""
    entries = dict(entries)
    if header is not None:
        entries["header.json"] = header if isinstance(header, bytes) else json.dumps(header).encode()
    if rehash:
        entries["header.sha256"] = hashlib.sha256(entries["header.json"]).hexdigest().encode()
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, payload in entries.items():
            archive.writestr(zipfile.ZipInfo(name), payload, compress_type=compression)


def npy(array, **options):
    buffer = io.BytesIO()
    np.save(buffer, array, **options)
    return buffer.getvalue()


def redeclare(header, name, payload, **changes):
    header["arrays"][name] |= {"sha256": hashlib.sha256(payload).hexdigest()} | changes


class TestNotAModel:
    def test_missing_folder_empty_and_other_files(self, path, tmp_path):
        refused(path, "no such file; give the path of a model that `shrinkwise fit` wrote")
        refused(tmp_path, "is a folder")
        path.write_bytes(b"")
        refused(path, "is empty")
        for content in (b"a,b\n1,2\n", pickle.dumps({"a": 1}), b"\x00" * 1000, b"P"):
            path.write_bytes(content)
            refused(path, "is not a shrinkwise model")

    def test_any_other_zip(self, path):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("xl/workbook.xml", "<workbook/>")
        refused(path, "is a zip file but not a shrinkwise model")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("header.json", "{}")
            archive.writestr("header.sha256", hashlib.sha256(b"{}").hexdigest())
        refused(path, "is a zip file but not a shrinkwise model")

    @pytest.mark.parametrize("header", [b"", b"\xff\xfe", b"[1", b"[" * 100_000, b'{"a": NaN}', b"1" * 10_000])
    def test_a_header_that_is_not_json(self, path, good, header):
        forge(path, entries_of(good[0]), header)
        refused(path)

    def test_nesting_that_would_exhaust_the_stack(self, path, good):
        header = json.loads(entries_of(good[0])["header.json"])
        deep = '{"a":' * 400 + "1" + "}" * 400
        header["content"]["encoder"] = "@"
        forge(path, entries_of(good[0]), json.dumps(header).replace('"@"', deep).encode())
        refused(path, "nested too deep")


class TestSchema:
    def test_a_newer_schema_says_how_to_upgrade(self, path, good):
        header = json.loads(entries_of(good[0])["header.json"])
        forge(path, entries_of(good[0]), header | {"schema": 4})
        refused(path, r"made by a newer shrinkwise \(schema 4\); this one reads up to 3: pip install -U shrinkwise")

    @pytest.mark.parametrize("schema", [0, -1, True, "1", None, 1.0])
    def test_a_schema_that_is_no_number(self, path, good, schema):
        header = json.loads(entries_of(good[0])["header.json"])
        forge(path, entries_of(good[0]), header | {"schema": schema})
        refused(path, "no valid schema number")


class TestForged:
    def test_changed_header_or_array(self, path, good):
        entries = entries_of(good[0])
        forge(path, entries, entries["header.json"].replace(b"price", b"prize"), rehash=False)
        refused(path, "was altered .the hash of header.json")
        forge(path, entries | {"coef.npy": npy(np.zeros(5))})
        refused(path, "was altered .the hash of array 'coef'")

    def test_every_missing_entry_is_named(self, path, good):
        entries = entries_of(good[0])
        for name in entries:
            rest = {key: value for key, value in entries.items() if key != name}
            if name == "header.json":
                forge(path, rest, rehash=False)
            else:
                forge(path, rest, rehash=False)
                assert name in refused(path, "missing|no header.json")
            refused(path)

    def test_every_missing_key_is_refused(self, path, good):
        entries = entries_of(good[0])
        whole = json.loads(entries["header.json"])
        for part in (whole, whole["content"], whole["content"]["result"], whole["arrays"]):
            for key in list(part):
                value = part.pop(key)
                forge(path, entries, whole)
                refused(path)
                part[key] = value

    def test_every_value_of_another_type_is_refused_or_harmless(self, path, good):
        entries = entries_of(good[0])
        whole = json.loads(entries["header.json"])
        for part in (whole["content"], whole["content"]["result"], whole["content"]["result"]["unpenalized"]):
            for key, value in list(part.items()):
                for other in ([], {}, "text", -1, True, None, [1], {"$float": "one"}, 10**400):
                    part[key] = other
                    forge(path, entries, whole)
                    loaded_or_refused(path)
                part[key] = value

    def test_an_entry_that_is_no_part_of_a_model(self, path, good):
        for name in ("../../etc/passwd", "/abs", "evil.py", "coef.pkl", "a" * 5000):
            forge(path, entries_of(good[0]) | {name: b"import os"})
            refused(path, "is no part of a model")

    def test_an_array_name_that_leaves_the_folder(self, path, good):
        entries = entries_of(good[0])
        header = json.loads(entries["header.json"])
        header["arrays"]["../coef"] = header["arrays"].pop("coef")
        forge(path, entries | {"../coef.npy": entries["coef.npy"]}, header)
        refused(path, "no valid list of arrays")

    @pytest.mark.filterwarnings("ignore:Duplicate name")
    def test_an_entry_that_occurs_twice(self, path, good):
        path.write_bytes(good[0])
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("coef.npy", npy(np.zeros(5)))
        refused(path, "occurs twice")

    def test_an_array_of_objects_is_never_unpickled(self, path, good):
        class Bomb:
            def __reduce__(self):
                return (pytest.fail, ("executed",))

        entries = entries_of(good[0])
        payload = npy(np.array([Bomb()] * 5, dtype=object), allow_pickle=True)
        for declared in ("|O", "<f8"):
            header = json.loads(entries["header.json"])
            redeclare(header, "coef", payload, dtype=declared)
            forge(path, entries | {"coef.npy": payload}, header)
            refused(path)

    @pytest.mark.parametrize("dtype", ["|V8", "<U4", "<M8[s]", "<c16", "nonsense", "f8,f8", None, 3])
    def test_an_array_of_another_type_is_refused(self, path, good, dtype):
        entries = entries_of(good[0])
        header = json.loads(entries["header.json"])
        header["arrays"]["coef"]["dtype"] = dtype
        forge(path, entries, header)
        refused(path)

    @pytest.mark.parametrize("shape", [[4], [5, 1], [-5], [2**62], [10**30], [5.0], ["5"], None, [True] * 5, []])
    def test_a_shape_that_is_not_the_arrays_is_refused(self, path, good, shape):
        entries = entries_of(good[0])
        header = json.loads(entries["header.json"])
        header["arrays"]["coef"]["shape"] = shape
        forge(path, entries, header)
        refused(path)

    def test_coefficients_that_are_not_numbers(self, path, good):
        entries = entries_of(good[0])
        payload = npy(np.array([1.0, np.nan, 0, 0, 0]))
        header = json.loads(entries["header.json"])
        redeclare(header, "coef", payload)
        forge(path, entries | {"coef.npy": payload}, header)
        refused(path, "must be finite")

    def test_column_numbers_outside_the_matrix(self, path, good):
        entries = entries_of(good[0])
        header = json.loads(entries["header.json"])
        for name, wrong in (("result_coefs_indices", 99), ("result_coefs_indices", -1), ("result_coefs_indptr", 7)):
            array = np.load(io.BytesIO(entries[f"{name}.npy"]))
            array[1] = wrong
            payload = npy(array)
            redeclare(header, name, payload)
            forge(path, entries | {f"{name}.npy": payload}, header)
            refused(path, "does not fit together")
            redeclare(header, name, entries[f"{name}.npy"])


class TestBombs:
    def test_a_compressed_entry_is_refused_before_it_is_unpacked(self, path, good):
        entries = entries_of(good[0])
        forge(path, entries | {"coef.npy": b"\0" * 50_000_000}, compression=zipfile.ZIP_DEFLATED)
        assert path.stat().st_size < 100_000
        refused(path, "claim more bytes than the file has")
        forge(path, entries, compression=zipfile.ZIP_DEFLATED)
        refused(path)

    def test_a_size_beyond_the_declared_shape_is_refused(self, path, good):
        entries = entries_of(good[0])
        forge(path, entries | {"coef.npy": entries["coef.npy"] + bytes(20_000)})
        refused(path, r"of shape \(5,\) cannot take")


class TestFuzz:
    """Every byte of a model matters, or does not; none gives another model."""

    def check(self, path, blob, model):
        path.write_bytes(blob)
        loaded = loaded_or_refused(path)
        assert loaded is None or same(loaded, model)
        return loaded is not None

    def test_truncation(self, path, good):
        blob, model = good
        cuts = np.random.default_rng(0).integers(0, len(blob), 150)
        assert sum(self.check(path, blob[:cut], model) for cut in (*cuts, 0, 1, 4, 22, len(blob) - 1)) == 0

    def test_flipped_bits(self, path, good):
        blob, model = good
        rng = np.random.default_rng(1)
        for position in rng.integers(0, len(blob), 1000):
            changed = bytearray(blob)
            changed[position] ^= 1 << rng.integers(8)
            self.check(path, bytes(changed), model)

    def test_changed_bytes_in_the_directory_of_the_zip(self, path, good):
        blob, model = good
        start, rng = blob.index(b"PK\x01\x02"), np.random.default_rng(2)
        for position in range(start + int(rng.integers(4)), len(blob), 4):
            changed = bytearray(blob)
            changed[position] = rng.integers(256)
            self.check(path, bytes(changed), model)

    def test_blocks_that_are_zeroed_removed_or_doubled(self, path, good):
        blob, model = good
        rng = np.random.default_rng(3)
        for _ in range(100):
            start, stop = np.sort(rng.integers(0, len(blob), 2))
            for middle in (bytes(stop - start), b"", blob[start:stop] * 2, rng.bytes(stop - start)):
                self.check(path, blob[:start] + middle + blob[stop:], model)
