import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st
from zarr.storage import MemoryStore

from eo_ingest.errors import OutputError
from eo_ingest.grid import Grid
from eo_ingest.period import Period
from eo_ingest.products import REGISTRY
from eo_ingest.stores import codec, metadata

VARIABLES = [REGISTRY["s1grd"].variables[0], REGISTRY["s2"].variables[1], REGISTRY["worldcover"].variables[0]]
variables = st.sampled_from(VARIABLES)
chunks = st.dictionaries(st.integers(0, 15), st.binary(min_size=1, max_size=50))


def values_of(variable, seed, shape=(2, 1, 16, 16)):
    rng = np.random.default_rng(seed)
    choices = [f.value for f in variable.flags] or list(range(variable.valid_range[0], variable.valid_range[0] + 500))
    return rng.choice([*choices, variable.nodata], shape).astype(variable.dtype)


@given(variables, st.integers(0, 2**32))
def test_decode_is_the_inverse_of_encode(variable, seed):
    values = values_of(variable, seed)
    assert np.array_equal(codec.decode(codec.encode(values, variable), variable, values.shape), values)


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda v: v.name)
def test_nodata_throughout_is_no_chunk(variable):
    values = np.full((1, 1, 4, 4), variable.nodata, variable.dtype)
    assert codec.encode(values, variable) is None
    assert np.array_equal(codec.decode(None, variable, values.shape), values)


@given(chunks)
def test_unpack_is_the_inverse_of_pack(found):
    shard = codec.pack(found)
    assert (codec.unpack(shard) if shard else {}) == found


@given(chunks.filter(bool), st.data())
def test_a_flipped_bit_of_the_index_or_a_cut_is_noticed(found, data):
    shard = bytearray(codec.pack(found))
    at = data.draw(st.integers(len(shard) - 260, len(shard) - 1))
    shard[at] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(OutputError):
        codec.unpack(bytes(shard))
    with pytest.raises(OutputError):
        codec.unpack(codec.pack(found)[: data.draw(st.integers(0, len(shard) - 1))])


@settings(max_examples=40)
@given(variables, st.integers(0, 2**32), st.data())
def test_a_flipped_bit_of_a_chunk_is_noticed(variable, seed, data):
    values = values_of(variable, seed)
    chunk = bytearray(codec.encode(values, variable))
    chunk[data.draw(st.integers(0, len(chunk) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(OutputError):
        codec.decode(bytes(chunk), variable, values.shape)


def test_a_chunk_of_another_shape_is_refused():
    variable = VARIABLES[0]
    chunk = codec.encode(values_of(variable, 1), variable)
    with pytest.raises(OutputError, match="does not decode"):
        codec.decode(chunk, variable, (2, 1, 16, 17))


@pytest.mark.parametrize("name", ["s1grd", "worldcover"])
def test_our_shards_are_the_bytes_that_zarr_writes(name):
    """Differential: zarr-python, given the store's own codecs, writes the same object."""
    product = REGISTRY[name]
    variable = product.variables[0]
    period = Period.parse("2020")
    made = metadata.objects(product, period, Grid.load("utm").zone("utm32n"))
    memory = MemoryStore()
    ours = zarr.create_group(memory)
    import json

    spec = json.loads(made[f"{name}/2020/utm32n/{variable.name}/zarr.json"])
    frames, bands = spec["shape"][:2]
    inner = spec["codecs"][0]["configuration"]["codecs"]
    assert inner[-1]["name"] == "crc32c"
    from zarr.codecs import BloscCodec, Crc32cCodec, ZstdCodec

    kinds = {"blosc": BloscCodec, "zstd": ZstdCodec, "crc32c": Crc32cCodec}
    compressors = [kinds[c["name"]].from_dict(c) for c in inner[1:]]
    array = ours.create_array(
        "a",
        shape=(frames, bands, 1792, 1792),
        chunks=(frames, bands, 448, 448),
        shards=(frames, bands, 1792, 1792),
        dtype=variable.dtype,
        fill_value=variable.nodata,
        compressors=compressors,
        filters=None,
    )
    tiles = {i: values_of(variable, i, (frames, bands, 448, 448)) for i in (0, 6, 15)}
    for i, values in tiles.items():
        row, col = divmod(i, 4)
        array[:, :, row * 448 : (row + 1) * 448, col * 448 : (col + 1) * 448] = values
    written = memory._store_dict["a/c/0/0/0/0"].to_bytes()
    assert written == codec.pack({i: codec.encode(v, variable) for i, v in tiles.items()})
