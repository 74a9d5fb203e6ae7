"""The mlp-infer suite in PyTorch: eager, or as torch-compile with its weights taken as constants."""

import sys

import torch

from serve import serve
from torch_setup import VERSIONS, finish, load, network


class MlpInfer:
    def __init__(self, job):
        weights = load(job["inputs"])
        self.images, self.read = weights.pop("images"), job["read"]
        self.model = network(job["widths"]).eval()
        self.model.load_state_dict(weights)
        if sys.argv[1] == "torch-compile":
            self.model = torch.compile(self.model, options={"freezing": True})

    def reset(self):
        pass

    def check(self):
        with torch.no_grad():
            return self.model(self.images).exp().flatten().tolist()

    def run(self, iterations):
        with torch.no_grad():
            for _ in range(iterations):
                logits = self.model(self.images)
                if self.read:
                    logits.cpu().numpy()
            finish()


serve(MlpInfer, VERSIONS)
