"""The order suite in PyTorch."""

import torch

from serve import serve
from torch_setup import VERSIONS, load

# The result that is compared comes first; `ordered` is x with its rows in order.
OPERATIONS = {
    "sort": lambda x, ordered: torch.sort(x, dim=-1, stable=True),
    "sort-columns": lambda x, ordered: torch.sort(x, dim=0, stable=True),
    "topk-8": lambda x, ordered: torch.topk(x, 8),
    "median": lambda x, ordered: torch.median(x, -1),
    "searchsorted": lambda x, ordered: [torch.searchsorted(ordered, x)],
    "cumsum": lambda x, ordered: [torch.cumsum(x, -1)],
    "cumsum-columns": lambda x, ordered: [torch.cumsum(x, 0)],
    "cummax": lambda x, ordered: torch.cummax(x, -1),
    "logcumsumexp": lambda x, ordered: [torch.logcumsumexp(x, -1)],
}


class Order:
    def __init__(self, job):
        self.x = load(job["inputs"])["x"]
        self.ordered = self.x.sort(-1)[0]
        self.operation = OPERATIONS[job["operation"]]

    def reset(self):
        pass

    def check(self):
        values = self.operation(self.x, self.ordered)[0].flatten()
        count = min(len(values), 64)
        return [values[i * (len(values) - 1) // max(count - 1, 1)].item() for i in range(count)]

    def run(self, iterations):
        for _ in range(iterations):
            self.operation(self.x, self.ordered)


serve(Order, VERSIONS)
