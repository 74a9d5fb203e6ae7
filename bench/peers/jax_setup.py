"""JAX on the CPU with as many threads as asked for, and its arrays."""

import os

# Read by XLA when jax is imported.
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["PJRT_NPROC"] = os.environ["NPROC"] = os.environ.get("BENCH_THREADS", "1")
if os.environ["NPROC"] == "1":
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"

import jax
import numpy

import serve

VERSIONS = {"jax": jax.__version__}


def load(path):
    return serve.load(path, lambda data, dtype, shape: jax.numpy.asarray(numpy.frombuffer(data, dtype).reshape(shape)))


def layers(tensors):
    """(weight [inputs, outputs], bias) pairs in the order of the layers, from names of a PyTorch Sequential."""
    places = sorted({int(name.split(".")[0]) for name in tensors})
    return [(tensors[f"{place}.weight"].T, tensors[f"{place}.bias"]) for place in places]


def forward(parameters, x):
    """x: [batch, inputs] -> logits [batch, outputs]."""
    for weight, bias in parameters[:-1]:
        x = jax.nn.relu(x @ weight + bias)
    weight, bias = parameters[-1]
    return x @ weight + bias
