"""An independent evaluation of World-State Alignment, as slow and as direct as its equations."""

import cmath
import math

import numpy as np


class DirectAlignment:
    """Equations 5 and 6 in float64, with a loop over agents, frames, heads, query tokens and key tokens."""

    def __init__(self, weights, heads, rows, columns, qk_norm=True, eps=1e-6):
        self.weights = {name: tensor.double().numpy() for name, tensor in weights.items()}
        self.heads, self.rows, self.columns = heads, rows, columns
        self.qk_norm, self.eps = qk_norm, eps

    def linear(self, name, vector):
        return self.weights[f"{name}.weight"] @ vector + self.weights[f"{name}.bias"]

    def layer_norm(self, vector):
        centred = vector - vector.mean()
        return centred / math.sqrt((centred**2).mean() + self.eps)

    def rms_norm(self, name, vector):
        if not self.qk_norm:
            return vector
        return vector / math.sqrt((vector**2).mean() + self.eps) * self.weights[f"{name}.weight"]

    def rotated(self, head, token):
        """Row and column turn the middle and the last third; the first, for time, is left alone."""
        third = 2 * (len(head) // 6)
        turned = list(head[: len(head) - 2 * third])
        for start, position in ((len(turned), token // self.columns), (len(turned) + third, token % self.columns)):
            for pair in range(third // 2):
                angle = position * 10000 ** (-2 * pair / third)
                number = complex(head[start + 2 * pair], head[start + 2 * pair + 1]) * cmath.exp(1j * angle)
                turned += [number.real, number.imag]
        return np.array(turned)

    def split(self, vector):
        return vector.reshape(self.heads, -1)

    def update(self, target, source):
        """What tokens of one frame (tokens, dim) get from those of other agents in it (tokens * sources, dim)."""
        tokens = self.rows * self.columns
        keys, values = [], []
        for index, token in enumerate(source):
            normed = self.layer_norm(token)
            key = self.rms_norm("norm_k", self.linear("k", normed))
            keys.append([self.rotated(head, index % tokens) for head in self.split(key)])
            values.append(self.split(self.linear("v", normed)))
        updates = []
        for index, token in enumerate(target):
            query = self.rms_norm("norm_q", self.linear("q", self.layer_norm(token)))
            attended = []
            for number, head in enumerate(self.split(query)):
                turned = self.rotated(head, index)
                scores = np.array([turned @ key[number] for key in keys]) / math.sqrt(len(turned))
                shares = np.exp(scores - scores.max())
                shares /= shares.sum()
                attended.append(sum(share * value[number] for share, value in zip(shares, values, strict=True)))
            updates.append(self.linear("o", np.concatenate(attended)))
        return np.array(updates)

    def __call__(self, features, topology):
        """Features (agents, frames, tokens, dim) after the alignment."""
        agents, frames = features.shape[:2]
        result = features.copy()
        for agent in range(agents):
            others = [other for other in range(agents) if other != agent]
            attended = {"ring": [agent - 1 if agent else agents - 1], "all": others, "none": []}[topology]
            for frame in range(frames):
                if attended and agents > 1:
                    source = np.concatenate([features[other, frame] for other in attended])
                    result[agent, frame] += self.update(features[agent, frame], source)
        return result
