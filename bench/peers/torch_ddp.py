"""The ddp suite in PyTorch with gloo. This process is rank 0, answers, and tells the other ranks, which it starts, what comes next."""

import json
import os
import socket
import subprocess
import sys

import torch
import torch.distributed as distributed

from serve import serve
from torch_setup import OPTIMIZERS, VERSIONS, load, network


class Ranks:
    def __init__(self, job, rank=0, port=None):
        self.job, self.others = job, []
        size = job["processes"]
        if rank == 0 and size > 1:
            port = free_port()
            command = [sys.executable, __file__, "rank"]
            self.others = [
                subprocess.Popen([*command, str(r), str(port), json.dumps(job)], stdin=subprocess.PIPE, text=True)
                for r in range(1, size)
            ]
        if size > 1:
            os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
            distributed.init_process_group("gloo", rank=rank, world_size=size)
        tensors = load(job["inputs"])
        self.images, self.labels = tensors.pop("images"), tensors.pop("labels")
        self.weights = tensors
        self.start()

    def tell(self, order):
        for other in self.others:
            other.stdin.write(order + "\n")
            other.stdin.flush()

    def start(self):
        model = network(self.job["widths"])
        model.load_state_dict(self.weights)
        if self.job["processes"] > 1:
            model = torch.nn.parallel.DistributedDataParallel(model)
        self.model = model
        self.optimizer = OPTIMIZERS["sgd"](model.parameters(), lr=self.job["lr"])

    def reset(self):
        self.tell("reset")
        self.start()

    def step(self):
        self.optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(self.model(self.images), self.labels)
        loss.backward()
        self.optimizer.step()
        return loss

    def check(self):
        self.tell("run 5")
        return [self.step().item() for _ in range(5)]

    def run(self, iterations):
        self.tell(f"run {iterations}")
        for _ in range(iterations):
            self.step()


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def follow(rank, port, job):
    ranks = Ranks(job, rank, port)
    for order in sys.stdin:
        word, *count = order.split()
        if word == "reset":
            ranks.reset()
        else:
            ranks.run(int(count[0]))


if sys.argv[1] == "rank":
    follow(int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4]))
else:
    serve(Ranks, VERSIONS)
