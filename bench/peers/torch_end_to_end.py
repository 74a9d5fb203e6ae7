"""The end-to-end suite in PyTorch: its DataLoader over a dataset of images as bytes, each converted when it is asked for, as
torchvision's MNIST with ToTensor does; as torch-in-memory, batches by indexing into float tensors."""

import sys
import time

import torch

import torch_mnist as mnist
from serve import serve
from torch_setup import OPTIMIZERS, VERSIONS, network

IN_MEMORY = sys.argv[1] == "torch-in-memory"


class Digits(torch.utils.data.Dataset):
    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, index):
        return self.images[index].float().div_(255), self.labels[index]


def batches(x, y):
    if IN_MEMORY:
        return ((x[batch], y[batch]) for batch in torch.randperm(len(x)).split(mnist.BATCH))
    return torch.utils.data.DataLoader(Digits(x, y), batch_size=mnist.BATCH, shuffle=True)


class EndToEnd:
    def __init__(self, job):
        limit = job["limit"]
        self.job = job
        self.x, self.y = (tensor[:limit] for tensor in (mnist.load if IN_MEMORY else mnist.load_bytes)("train"))
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
