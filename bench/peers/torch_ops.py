"""The ops suite in PyTorch, eager."""

import torch
from torch.nn import functional

from serve import serve
from torch_setup import VERSIONS, load

OPERATORS = {
    "relu": lambda x: torch.relu(x),
    "softmax": lambda x: torch.softmax(x, -1),
    "layer-norm": lambda x, scale, shift: functional.layer_norm(x, [384], scale, shift),
    "batch-norm": lambda x, scale, shift: functional.batch_norm(x, None, None, scale, shift, training=True),
    "max-pool": lambda x: functional.max_pool2d(x, 2),
    "attention": lambda q, k, v: functional.scaled_dot_product_attention(q, k, v, is_causal=True),
    "embedding": lambda index, w: functional.embedding(index, w),
}


def sample(tensor):
    """Up to 64 of many values, evenly spread."""
    values = tensor.detach().flatten()
    count = min(len(values), 64)
    return [values[i * (len(values) - 1) // max(count - 1, 1)].item() for i in range(count)]


class Operator:
    def __init__(self, job):
        self.inputs = load(job["inputs"])
        self.operator = OPERATORS[job["op"]]
        self.dout = self.inputs.pop("dout", None)
        self.leaves = [tensor for tensor in self.inputs.values() if tensor.is_floating_point()]
        for leaf in self.leaves:
            leaf.requires_grad_(self.dout is not None)

    def call(self):
        y = self.operator(**self.inputs)
        return [y] if self.dout is None else torch.autograd.grad(y, self.leaves, self.dout)

    def reset(self):
        pass

    def check(self):
        return [value for tensor in self.call() for value in sample(tensor)]

    def run(self, iterations):
        for _ in range(iterations):
            self.call()


serve(Operator, VERSIONS)
