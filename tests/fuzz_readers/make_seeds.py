#!/usr/bin/env python3
"""usage: make_seeds.py FOLDER

Writes small files of every kind the readers know below FOLDER, one folder a fuzzer: what fuzzing starts from. Most are
sound; some promise more than any memory holds.
"""
import gzip
import io
import json
import struct
import sys
import zipfile
from pathlib import Path

import numpy


def npy(array):
    out = io.BytesIO()
    numpy.save(out, array)
    return out.getvalue()


def idx(shape, values):
    return struct.pack(f">4B{len(shape)}I", 0, 0, 8, len(shape), *shape) + bytes(values)


def checkpoint(save, **other):
    out = io.BytesIO()
    weights = numpy.arange(6, dtype=numpy.float32).reshape(2, 3)
    model = numpy.frombuffer(b"pcn", dtype=numpy.uint8)
    save(out, W=weights, epoch=numpy.int64(3), model=model, **other)
    return out.getvalue()


def archive(name, contents, method, claimed=None):
    """One member, whose directory entry claims a size of its own if told so."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        file.writestr(zipfile.ZipInfo(name), contents, method)
        if claimed is not None:
            file.infolist()[0].file_size = claimed
    return out.getvalue()


def with_gzip(files):
    return files + [gzip.compress(f, mtime=0) for f in files]


petabyte = npy(numpy.zeros((2, 3), dtype="<f4")).replace(b"(2, 3), ", b"(1024, 1099511627776), ", 1)

seeds = {
    "csv": with_gzip([b"1,2\n3,4\n", b"# a, b\r\n 1.5e-3 , -2\r\n\r\n+4,1e308\r\n", b"\xef\xbb\xbf7", b"nan,inf\n", b""]),
    "idx": with_gzip([idx((2**32 - 1, 2**16 - 1, 2), []), idx((2**32 - 1,), [1])]) + with_gzip([idx((2, 2, 3), range(12)), idx((3,), range(3)), idx((0,), []), idx((2, 0, 3), [])]),
    "npy": [
        npy(numpy.arange(6, dtype="<f4").reshape(2, 3)),
        npy(numpy.asfortranarray(numpy.arange(24, dtype="<f8").reshape(2, 3, 4))),
        npy(numpy.int64(3)),
        npy(numpy.frombuffer(b"text", dtype="|u1")),
        npy(numpy.zeros((0, 4), dtype="<f4")),
        npy(numpy.arange(3, dtype=">f4")),
        petabyte,
    ],
    "checkpoint": [
        checkpoint(numpy.savez),
        checkpoint(numpy.savez_compressed),
        checkpoint(numpy.savez, **{"ä": numpy.zeros(3)}),
        archive("W.npy", petabyte, zipfile.ZIP_STORED),
        archive("W.npy", petabyte, zipfile.ZIP_DEFLATED, claimed=2**50),
    ],
    "results": [
        json.dumps(text).encode()
        for text in (
            {"model": "pcn", "figures": {"test accuracy": 0.99}},
            {"charts": [{"name": "accuracy", "x": "epoch", "series": [{"name": "t", "values": [0.5, None, 1e308, -1e308]}]}]},
            {"pictures": [{"caption": "7", "width": 2, "values": [0, 0.5, 1, 2]}]},
            {"rasters": [{"title": "spikes", "rows": 20, "times": 1000, "events": [[3, 17], [5, 2]]}]},
            {"rasters": [{"title": "spikes", "rows": -1, "times": 1e300, "events": []}]},
        )
    ],
}

folder = Path(sys.argv[1])
for kind, files in seeds.items():
    (folder / kind).mkdir(parents=True, exist_ok=True)
    for number, contents in enumerate(files):
        (folder / kind / f"seed_{number}").write_bytes(contents)
