"""The end of the conversation (see rival.ts) in a rival written in Python, and the files that inputs come in.

A contender has check() -> numbers that every rival must come to, reset() -> back to the initial state, run(iterations),
and measure(iterations) if the clock around run() would not do.
"""

import json
import math
import sys
import time

DTYPES = {"F32": "float32", "F64": "float64", "I32": "int32", "I64": "int64", "U8": "uint8"}


def load(path, tensor):
    """The tensors of a safetensors file by name; each is made by tensor(bytes, dtype, shape)."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            tensors[name] = tensor(data[begin:end], DTYPES[entry["dtype"]], entry["shape"])
    return tensors


def serve(prepare, versions):
    """Answers one JSON question a line until there are no more."""
    contender = None
    for line in sys.stdin:
        question = json.loads(line)
        if contender is None:
            contender = prepare(question["job"])
        print(json.dumps(answer(contender, question, versions)), flush=True)


def answer(contender, question, versions):
    if question["command"] == "prepare":
        return {"versions": {**versions, "python": sys.version.split()[0]}}
    contender.reset()
    if question["command"] == "check":
        return {"values": contender.check()}
    iterations = question["iterations"]
    if hasattr(contender, "measure"):
        return contender.measure(iterations)
    contender.run(max(2, math.ceil(iterations / 10)))
    cpu_begin = time.process_time()
    begin = time.perf_counter()
    contender.run(iterations)
    return {"seconds": time.perf_counter() - begin, "cpuSeconds": time.process_time() - cpu_begin}
