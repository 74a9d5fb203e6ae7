"""The cnn suite in PyTorch, eager."""

import torch
from torch.nn import functional

from serve import serve
from torch_resnet import ResNet18
from torch_setup import VERSIONS, load


def norms(tensor):
    """Root mean squares of 16 pieces: single elements may be small differences of large terms."""
    values = tensor.detach().flatten().double()
    ends = [piece * len(values) // 16 for piece in range(17)]
    return [values[begin:end].square().mean().sqrt().item() for begin, end in zip(ends, ends[1:])]


class Layer:
    def __init__(self, job, tensors):
        self.sources = [tensors[name] for name in ("x", "weight", "bias")]
        self.dout = tensors["dout"]
        self.options = {name: job[name] for name in ("stride", "padding", "groups")}
        self.options["padding"] = int(self.options["padding"])
        self.trains = job["kind"] == "gradients"
        for source in self.sources:
            source.requires_grad = self.trains

    def call(self):
        y = functional.conv2d(*self.sources, **self.options)
        return torch.autograd.grad(y, self.sources, self.dout) if self.trains else [y]

    def reset(self):
        pass

    def check(self):
        return [value for result in self.call() for value in norms(result)]

    def run(self, iterations):
        for _ in range(iterations):
            self.call()


def digits(weights):
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 32, 3),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Conv2d(32, 64, 3),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(1600, 128),
        torch.nn.ReLU(),
        torch.nn.Linear(128, 10),
    )
    model.load_state_dict(weights)
    return model, torch.optim.Adam(model.parameters(), lr=0.001)


def resnet(weights):
    model = ResNet18()
    # The file has the parameters alone: running statistics are those of a new model in every library.
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert not unexpected and not set(missing) & {name for name, _ in model.named_parameters()}
    return model, torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)


NETWORKS = {"digits": digits, "resnet": resnet}


class Step:
    def __init__(self, job, tensors):
        self.images, self.labels = tensors.pop("images"), tensors.pop("labels")
        self.network, self.weights = NETWORKS[job["network"]], tensors
        self.reset()

    def reset(self):
        self.model, self.optimizer = self.network(self.weights)

    def step(self):
        self.optimizer.zero_grad()
        loss = functional.cross_entropy(self.model(self.images), self.labels)
        loss.backward()
        self.optimizer.step()
        return loss

    def check(self):
        return [self.step().item() for _ in range(5)]

    def run(self, iterations):
        for _ in range(iterations):
            self.step()


class Inference:
    def __init__(self, tensors):
        self.images = tensors.pop("images")
        self.model, _ = resnet(tensors)
        self.model.eval()

    @torch.inference_mode()
    def call(self):
        return self.model(self.images)

    def reset(self):
        pass

    def check(self):
        return norms(self.call())

    def run(self, iterations):
        for _ in range(iterations):
            self.call()


def prepare(job):
    tensors = load(job["inputs"])
    if job["kind"] == "step":
        return Step(job, tensors)
    return Inference(tensors) if job["kind"] == "inference" else Layer(job, tensors)


serve(prepare, VERSIONS)
