"""PyTorch with as many threads as asked for, and its tensors."""

import os

import torch

import serve

if "BENCH_THREADS" in os.environ:
    torch.set_num_threads(int(os.environ["BENCH_THREADS"]))
DEVICE = os.environ.get("BENCH_DEVICE", "cpu")
# As here: products of float32 are not rounded to TF32.
torch.backends.cuda.matmul.allow_tf32 = False
VERSIONS = {"torch": torch.__version__}
OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


def load(path):
    def tensor(data, dtype, shape):
        return torch.frombuffer(data, dtype=getattr(torch, dtype)).reshape(shape).to(DEVICE)

    return serve.load(path, tensor)


def finish():
    """Waits for what a GPU still computes."""
    if DEVICE == "cuda":
        torch.cuda.synchronize()


def network(widths):
    """Linear layers with ReLU between them."""
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [torch.nn.Linear(inputs, outputs), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1]).to(DEVICE)
