"""The mlp suite in JAX: the whole step under jit, with the buffers of parameters and optimizer donated."""

from functools import partial

from serve import serve
from jax_setup import VERSIONS, forward, jax, layers, load

numpy = jax.numpy


def loss_of(parameters, images, labels):
    logits = forward(parameters, images)
    chosen = numpy.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=1)
    return -chosen.mean()


def sgd(parameters, gradients, state, lr):
    return jax.tree.map(lambda p, g: p - lr * g, parameters, gradients), state


def adam(parameters, gradients, state, lr):
    """Kingma and Ba (2015), algorithm 1, with PyTorch's defaults."""
    beta1, beta2, epsilon = 0.9, 0.999, 1e-8
    step, first, second = state
    step = step + 1
    first = jax.tree.map(lambda m, g: beta1 * m + (1 - beta1) * g, first, gradients)
    second = jax.tree.map(lambda v, g: beta2 * v + (1 - beta2) * g * g, second, gradients)
    scale1, scale2 = 1 / (1 - beta1**step), 1 / (1 - beta2**step)
    update = lambda p, m, v: p - lr * (m * scale1) / (numpy.sqrt(v * scale2) + epsilon)
    return jax.tree.map(update, parameters, first, second), (step, first, second)


OPTIMIZERS = {"sgd": sgd, "adam": adam}


@partial(jax.jit, static_argnames=("optimizer", "lr"), donate_argnames=("parameters", "state"))
def train_step(parameters, state, images, labels, optimizer, lr):
    loss, gradients = jax.value_and_grad(loss_of)(parameters, images, labels)
    parameters, state = OPTIMIZERS[optimizer](parameters, gradients, state, lr)
    return parameters, state, loss


class Mlp:
    def __init__(self, job):
        tensors = load(job["inputs"])
        self.images, self.labels = tensors.pop("images"), tensors.pop("labels")
        self.initial = layers(tensors)
        self.job = job

    def reset(self):
        self.parameters = jax.tree.map(numpy.copy, self.initial)
        zeros = lambda: jax.tree.map(numpy.zeros_like, self.initial)
        self.state = (numpy.zeros(()), zeros(), zeros()) if self.job["optimizer"] == "adam" else ()

    def step(self):
        self.parameters, self.state, loss = train_step(
            self.parameters, self.state, self.images, self.labels, self.job["optimizer"], self.job["lr"]
        )
        return loss

    def check(self):
        return [float(self.step()) for _ in range(5)]

    def run(self, iterations):
        for _ in range(iterations):
            self.step()
        jax.block_until_ready(self.parameters)


serve(Mlp, VERSIONS)
