"""The mlp suite in PyTorch with the defaults of its optimizers: eager, or as torch-compile."""

import sys

import torch

from serve import serve
from torch_setup import OPTIMIZERS, VERSIONS, finish, load, network


class Mlp:
    def __init__(self, job):
        tensors = load(job["inputs"])
        self.images, self.labels = tensors.pop("images"), tensors.pop("labels")
        self.weights = tensors
        self.model = network(job["widths"])
        self.optimizer = OPTIMIZERS[job["optimizer"]](self.model.parameters(), lr=job["lr"])
        self.loss, self.update = self.compute_loss, self.optimizer.step
        if sys.argv[1] == "torch-compile":
            self.loss = torch.compile(self.compute_loss)
            self.update = torch.compile(self.optimizer.step)

    def reset(self):
        self.model.load_state_dict(self.weights)
        # In place: what is compiled stays compiled.
        for state in self.optimizer.state.values():
            for tensor in state.values():
                tensor.zero_()

    def compute_loss(self):
        return torch.nn.functional.cross_entropy(self.model(self.images), self.labels)

    def step(self):
        self.optimizer.zero_grad()
        loss = self.loss()
        loss.backward()
        self.update()
        return loss

    def check(self):
        return [self.step().item() for _ in range(5)]

    def run(self, iterations):
        for _ in range(iterations):
            self.step()
        finish()


serve(Mlp, VERSIONS)
