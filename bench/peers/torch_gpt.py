"""The gpt suite in PyTorch, eager. The last product shares the weight of the embedding."""

import torch
from torch import nn
from torch.nn import functional

from serve import serve
from torch_setup import VERSIONS, load


class Block(nn.Module):
    def __init__(self, width, heads, dropout):
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.up = nn.Linear(width, 4 * width)
        self.down = nn.Linear(4 * width, width)
        self.heads, self.dropout = heads, dropout

    def forward(self, x, cache=None):
        p = self.dropout if self.training else 0.0
        batch, time, width = x.shape
        split = self.qkv(self.norm1(x)).split(width, dim=-1)
        q, k, v = (y.view(batch, time, self.heads, width // self.heads).transpose(1, 2) for y in split)
        if cache is None:
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True, dropout_p=p)
        else:
            y = functional.scaled_dot_product_attention(q, *cache.append(k, v))
        y = self.out(y.transpose(1, 2).reshape(batch, time, width))
        x = x + functional.dropout(y, p, self.training)
        y = self.down(functional.gelu(self.up(self.norm2(x))))
        return x + functional.dropout(y, p, self.training)


class Gpt(nn.Module):
    def __init__(self, job, dropout):
        super().__init__()
        width = job["width"]
        self.tokens = nn.Embedding(job["vocabulary"], width)
        self.places = nn.Embedding(job["context"], width)
        self.blocks = nn.ModuleList(Block(width, job["heads"], dropout) for _ in range(job["layers"]))
        self.norm = nn.LayerNorm(width)

    def forward(self, tokens, places, caches=None):
        x = self.tokens(tokens) + self.places(places)
        for i, block in enumerate(self.blocks):
            x = block(x, caches and caches[i])
        return functional.linear(self.norm(x), self.tokens.weight)


class Training:
    def __init__(self, job, tensors):
        self.job = job
        self.text, self.weights = tensors.pop("text"), tensors
        self.reset()

    def start(self, dropout):
        self.model = Gpt(self.job, dropout)
        self.model.load_state_dict(self.weights)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=3e-4)
        self.places = torch.arange(self.job["context"])

    def reset(self):
        self.start(self.job["dropout"])

    def step(self):
        self.optimizer.zero_grad()
        logits = self.model(self.text[:, :-1], self.places)
        loss = functional.cross_entropy(logits.flatten(0, 1), self.text[:, 1:].flatten())
        loss.backward()
        self.optimizer.step()
        return loss

    def check(self):
        self.start(0.0)
        return [self.step().item() for _ in range(3)]

    def run(self, iterations):
        for _ in range(iterations):
            self.step()


class Cache:
    """Keys and values in memory for all positions; attention sees those that are there."""

    def __init__(self, heads, capacity, width):
        self.keys = torch.zeros(1, heads, capacity, width // heads)
        self.values = torch.zeros_like(self.keys)
        self.position = 0

    def append(self, keys, values):
        end = self.position + keys.shape[2]
        self.keys[:, :, self.position : end] = keys
        self.values[:, :, self.position : end] = values
        self.position = end
        return self.keys[:, :, :end], self.values[:, :, :end]


class Generation:
    def __init__(self, job, weights):
        self.job = job
        self.model = Gpt(job, 0.0)
        self.model.load_state_dict(weights)
        self.model.eval()
        self.reset()

    def reset(self):
        sizes = [self.job[name] for name in ("heads", "context", "width")]
        self.caches = [Cache(*sizes) for _ in range(self.job["layers"])]
        self.token = torch.zeros(1, 1, dtype=torch.int64)

    @torch.inference_mode()
    def next(self):
        place = torch.tensor([self.caches[0].position])
        logits = self.model(self.token, place, self.caches)
        self.token = logits.argmax(-1)
        self.token.item()
        return logits

    def check(self):
        for _ in range(4):
            logits = self.next().flatten()
        return [logits[i * (len(logits) - 1) // 63].item() for i in range(64)]

    def run(self, iterations):
        for _ in range(iterations):
            self.next()


def prepare(job):
    tensors = load(job["inputs"])
    return Training(job, tensors) if "text" in tensors else Generation(job, tensors)


serve(prepare, VERSIONS)
