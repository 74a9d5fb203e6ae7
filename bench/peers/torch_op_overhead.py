"""The op-overhead suite in PyTorch."""

import torch

from serve import serve
from torch_setup import DEVICE, VERSIONS, finish


class OpOverhead:
    def __init__(self, job):
        self.adds = job["operation"] == "add"
        self.a = torch.tensor([1.5], device=DEVICE, requires_grad=job["grad"])
        self.b = torch.tensor([2.25], device=DEVICE, requires_grad=job["grad"])

    def reset(self):
        pass

    def check(self):
        return [torch.add(self.a, self.b).item() if self.adds else torch.get_num_threads()]

    def run(self, iterations):
        a, b, add, get_num_threads = self.a, self.b, torch.add, torch.get_num_threads
        if self.adds:
            for _ in range(iterations):
                add(a, b)
            finish()
        else:
            for _ in range(iterations):
                get_num_threads()


serve(OpOverhead, VERSIONS)
