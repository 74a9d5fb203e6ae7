"""The end of the conversation (see rival.ts) in a rival written in Python, and the files that inputs come in.

A contender has check() -> numbers that every rival must come to, reset() -> back to the initial state, run(iterations).
"""

import json
import math
import sys
import time

import torch

DTYPES = {"F32": torch.float32, "F64": torch.float64, "I32": torch.int32, "I64": torch.int64, "U8": torch.uint8}


def load(path):
    """The tensors of a safetensors file by name."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = bytearray(file.read())
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        flat = torch.frombuffer(data[begin:end], dtype=DTYPES[entry["dtype"]])
        tensors[name] = flat.reshape(entry["shape"])
    return tensors


def serve(prepare):
    """Answers one JSON question a line until there are no more."""
    contender = None
    for line in sys.stdin:
        question = json.loads(line)
        if contender is None:
            contender = prepare(question["job"])
        print(json.dumps(answer(contender, question)), flush=True)


def answer(contender, question):
    if question["command"] == "prepare":
        return {"versions": {"torch": torch.__version__, "python": sys.version.split()[0]}}
    contender.reset()
    if question["command"] == "check":
        return {"values": contender.check()}
    iterations = question["iterations"]
    contender.run(max(2, math.ceil(iterations / 10)))
    cpu_begin = time.process_time()
    begin = time.perf_counter()
    contender.run(iterations)
    return {"seconds": time.perf_counter() - begin, "cpuSeconds": time.process_time() - cpu_begin}
