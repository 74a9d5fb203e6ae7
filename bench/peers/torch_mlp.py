"""The mlp suite in PyTorch, eager, with the defaults of its optimizers."""

import os

import torch
from serve import load, serve
from torch import nn

torch.set_num_threads(int(os.environ.get("BENCH_THREADS", "1")))

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


class Mlp:
    def __init__(self, job):
        tensors = load(job["inputs"])
        self.images, self.labels = tensors.pop("images"), tensors.pop("labels")
        self.weights, self.job = tensors, job

    def reset(self):
        widths = self.job["widths"]
        layers = []
        for inputs, outputs in zip(widths, widths[1:]):
            layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        self.model = nn.Sequential(*layers[:-1])
        self.model.load_state_dict(self.weights)
        self.optimizer = OPTIMIZERS[self.job["optimizer"]](self.model.parameters(), lr=self.job["lr"])

    def step(self):
        self.optimizer.zero_grad()
        loss = nn.functional.cross_entropy(self.model(self.images), self.labels)
        loss.backward()
        self.optimizer.step()
        return loss

    def check(self):
        return [self.step().item() for _ in range(5)]

    def run(self, iterations):
        for _ in range(iterations):
            self.step()


serve(Mlp)
