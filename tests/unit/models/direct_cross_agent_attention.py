"""An independent evaluation of the cross-agent block, as slow and as direct as its equations."""

import cmath
import itertools
import math

import numpy as np


class DirectCrossAgentAttention:
    """Section 4.3 in float64, with a loop over heads, query tokens and key tokens, for one world."""

    def __init__(self, block, config, grid, options):
        self.weights = {name: tensor.double().numpy() for name, tensor in block.state_dict().items()}
        self.dim = config.dim
        self.head_dim = config.head_dim
        self.heads = config.dim // config.head_dim
        self.grid = grid
        self.options = options

    def linear(self, name, vector):
        return self.weights[f"{name}.weight"] @ vector + self.weights[f"{name}.bias"]

    def layer_norm(self, name, vector, eps):
        centred = vector - vector.mean()
        normed = centred / math.sqrt((centred**2).mean() + eps)
        return normed * self.weights[f"{name}.weight"] + self.weights[f"{name}.bias"]

    def modulation(self, norm, time_embedding, text=False):
        """Shift, scale and gate."""
        activated = np.array([value / (1 + math.exp(-value)) for value in time_embedding])
        parts = self.linear(f"{norm}.linear", activated).reshape(6, -1)
        return parts[3:] if text else parts[:3]

    def rotated(self, head, position):
        """Neighbouring features as complex numbers, turned by the token's time, row and column."""
        if position is None:
            return head
        quarter, three_eighths = self.head_dim // 4, self.head_dim * 3 // 8
        turned, start = [], 0
        for index, length in zip(position, (quarter, three_eighths, three_eighths), strict=True):
            for pair in range(length // 2):
                angle = index * 10000 ** (-2 * pair / length)
                real, imaginary = head[start + 2 * pair], head[start + 2 * pair + 1]
                product = complex(real, imaginary) * cmath.exp(1j * angle)
                turned += [product.real, product.imag]
            start += length
        return np.array(turned)

    def head(self, name, token, number):
        return self.linear(f"attn1.{name}", token)[number * self.head_dim : (number + 1) * self.head_dim]

    def positions(self, agent):
        """(time, row, column) of every token; time runs on from agent to agent ("double original frames")."""
        frames, rows, columns = self.grid
        first = 0 if self.options.agent_positions == "shared" else agent * frames
        return [(first + t, r, c) for t, r, c in itertools.product(range(frames), range(rows), range(columns))]

    def __call__(self, video, text, time_embedding):
        """Video features (agents, tokens, dim) after the block."""
        agents = range(len(video))
        sequence = []
        for agent in agents:
            shift, scale, _ = self.modulation("norm1", time_embedding[agent])
            for token, position in zip(video[agent], self.positions(agent), strict=True):
                sequence.append((self.layer_norm("norm1.norm", token, 1e-5) * (1 + scale) + shift, position))
        video_tokens = len(sequence)
        if self.options.text_in_cross_agent:
            for agent in agents:
                shift, scale, _ = self.modulation("norm1", time_embedding[agent], text=True)
                sequence += [(self.layer_norm("norm1.norm", t, 1e-5) * (1 + scale) + shift, None) for t in text[agent]]

        attended = np.zeros((video_tokens, self.dim))
        for number in range(self.heads):
            queries, keys = (
                [
                    self.rotated(
                        self.layer_norm(f"attn1.norm_{letter}", self.head(f"to_{letter}", token, number), 1e-6), p
                    )
                    for token, p in sequence
                ]
                for letter in "qk"
            )
            values = [self.head("to_v", token, number) for token, _ in sequence]
            for row in range(video_tokens):
                scores = np.array([queries[row] @ key for key in keys]) / math.sqrt(self.head_dim)
                shares = np.exp(scores - scores.max())
                shares /= shares.sum()
                columns = slice(number * self.head_dim, (number + 1) * self.head_dim)
                attended[row, columns] = sum(share * value for share, value in zip(shares, values, strict=True))

        result = np.array(video)
        for agent in agents:
            _, _, gate = self.modulation("norm1", time_embedding[agent])
            for index, token in enumerate(video[agent]):
                update = gate * self.linear("attn1.to_out.0", attended[agent * len(video[agent]) + index])
                if self.options.cross_agent == "full_block":
                    update = update + self.feed_forward(token + update, time_embedding[agent])
                result[agent, index] += self.linear("projector", update)
        return result

    def feed_forward(self, token, time_embedding):
        shift, scale, gate = self.modulation("norm2", time_embedding)
        hidden = self.linear("ff.net.0.proj", self.layer_norm("norm2.norm", token, 1e-5) * (1 + scale) + shift)
        cubic = math.sqrt(2 / math.pi) * (hidden + 0.044715 * hidden**3)
        return gate * self.linear("ff.net.2", 0.5 * hidden * (1 + np.tanh(cubic)))
