"""PyTorch with as many threads as asked for, and its tensors."""

import os

import torch

import serve

if "BENCH_THREADS" in os.environ:
    torch.set_num_threads(int(os.environ["BENCH_THREADS"]))
VERSIONS = {"torch": torch.__version__}
OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


def load(path):
    return serve.load(path, lambda data, dtype, shape: torch.frombuffer(data, dtype=getattr(torch, dtype)).reshape(shape))


def network(widths):
    """Linear layers with ReLU between them."""
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])
