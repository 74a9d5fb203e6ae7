"""The end-to-end suite in PyTorch: its DataLoader over a TensorDataset; as torch-in-memory, batches by indexing."""

import sys
import time

import torch

import torch_mnist as mnist
from serve import serve
from torch_setup import OPTIMIZERS, VERSIONS, network

IN_MEMORY = sys.argv[1] == "torch-in-memory"


def batches(x, y):
    if IN_MEMORY:
        return ((x[batch], y[batch]) for batch in torch.randperm(len(x)).split(mnist.BATCH))
    dataset = torch.utils.data.TensorDataset(x, y)
    return torch.utils.data.DataLoader(dataset, batch_size=mnist.BATCH, shuffle=True)


class EndToEnd:
    def __init__(self, job):
        limit = job["limit"]
        self.job = job
        self.x, self.y = (tensor[:limit] for tensor in mnist.load("train"))
        self.test_x, self.test_y = (tensor[:limit] for tensor in mnist.load("t10k"))

    def reset(self):
        torch.manual_seed(1)
        self.model = network(mnist.WIDTHS)
        self.optimizer = OPTIMIZERS[self.job["optimizer"]](self.model.parameters(), lr=self.job["lr"])

    def run(self, iterations):
        for _ in range(iterations):
            total = torch.zeros((), dtype=torch.float64)
            for images, labels in batches(self.x, self.y):
                self.optimizer.zero_grad()
                loss = torch.nn.functional.cross_entropy(self.model(images), labels)
                loss.backward()
                self.optimizer.step()
                total += loss.detach() * len(labels)
            total.item()

    def check(self):
        self.run(self.job["checkEpochs"])
        return [mnist.accuracy(self.model, self.test_x, self.test_y)]

    def measure(self, iterations):
        cpu_begin, begin = time.process_time(), time.perf_counter()
        self.run(iterations)
        return {"seconds": time.perf_counter() - begin, "cpuSeconds": time.process_time() - cpu_begin}


serve(EndToEnd, VERSIONS)
