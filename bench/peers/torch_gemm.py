"""The gemm suite in PyTorch: torch.mm and torch.bmm into a tensor that exists."""

import torch

from serve import serve
from torch_setup import VERSIONS

torch.set_grad_enabled(False)


class Gemm:
    def __init__(self, job):
        batch, m, n, k = (job[key] for key in ("batch", "m", "n", "k"))
        self.a = operand(job["a"], batch, m, k, job["transposeA"])
        self.b = operand(job["b"], batch, k, n, job["transposeB"])
        self.c = torch.empty(batch, m, n)
        self.multiply = torch.bmm
        if batch == 1:
            self.a, self.b, self.c = self.a[0], self.b[0], self.c[0]
            self.multiply = torch.mm

    def reset(self):
        pass

    def check(self):
        self.run(1)
        flat = self.c.flatten()
        samples = min(len(flat), 64)
        picks = [i * (len(flat) - 1) // max(samples - 1, 1) for i in range(samples)]
        return [*flat[picks].tolist(), flat.double().sum().item()]

    def run(self, iterations):
        a, b, c, multiply = self.a, self.b, self.c, self.multiply
        for _ in range(iterations):
            multiply(a, b, out=c)


def operand(path, batch, rows, cols, transposed):
    """[batch, rows, cols]; the last two swapped in memory where transposed."""
    flat = torch.from_file(path, size=batch * rows * cols).clone()
    return flat.view(batch, cols, rows).mT if transposed else flat.view(batch, rows, cols)


serve(Gemm, VERSIONS)
