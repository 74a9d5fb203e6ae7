"""The pointwise suite in PyTorch: eager, or as torch-compile."""

import sys

import torch
from torch.nn import functional

from serve import serve
from torch_setup import VERSIONS, finish, load

# x and y [rows, cols], scale and shift [cols].
CHAINS = {
    "relu": lambda x, y, scale, shift: torch.relu(x),
    "gelu": lambda x, y, scale, shift: functional.gelu(x),
    "softmax": lambda x, y, scale, shift: torch.softmax(x, -1),
    "affine-tanh": lambda x, y, scale, shift: torch.tanh(x * scale + shift),
    "add-relu": lambda x, y, scale, shift: torch.relu(x + y),
    "layer-norm": lambda x, y, scale, shift: (x - x.mean(-1, keepdim=True))
    / torch.sqrt(x.var(-1, correction=0, keepdim=True) + 1e-5)
    * scale
    + shift,
}


class Pointwise:
    def __init__(self, job):
        tensors = load(job["inputs"])
        self.inputs = [tensors[name] for name in ("x", "y", "scale", "shift")]
        self.chain = CHAINS[job["chain"]]
        if sys.argv[1] == "torch-compile":
            self.chain = torch.compile(self.chain)

    def reset(self):
        pass

    def check(self):
        values = self.chain(*self.inputs).flatten()
        return [values[i * (len(values) - 1) // 63].item() for i in range(64)]

    def run(self, iterations):
        for _ in range(iterations):
            self.chain(*self.inputs)
        finish()


serve(Pointwise, VERSIONS)
