"""The encoder: a BERT-like stack over frozen word embeddings, its mean pooled into five logits."""

import torch
from torch import nn
from torch.nn import functional as F

from text import POSITIONS, SPECIAL

LABELS = ["simple", "general", "reasoning", "code", "agent"]


class Layer(nn.Module):
    def __init__(self, hidden, heads, ffn, eps, dropout):
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.query, self.key, self.value, self.out = (nn.Linear(hidden, hidden) for _ in range(4))
        self.attended = nn.LayerNorm(hidden, eps)
        self.up, self.down = nn.Linear(hidden, ffn), nn.Linear(ffn, hidden)
        self.fed = nn.LayerNorm(hidden, eps)

    def forward(self, states, mask):
        batch, length, hidden = states.shape
        split = lambda linear: linear(states).view(batch, length, self.heads, -1).transpose(1, 2)
        mixed = F.scaled_dot_product_attention(split(self.query), split(self.key), split(self.value), attn_mask=mask)
        mixed = self.out(mixed.transpose(1, 2).reshape(batch, length, hidden))
        states = self.attended(states + F.dropout(mixed, self.dropout, self.training))
        fed = self.down(F.gelu(self.up(states)))
        return self.fed(states + F.dropout(fed, self.dropout, self.training))


class Encoder(nn.Module):
    def __init__(self, words, layers, heads=12, ffn=1536, eps=1e-12, dropout=0.1):
        """`words`: the word embeddings' rows; they are kept as they are."""
        super().__init__()
        hidden = words.shape[1]
        self.dropout = dropout
        self.register_buffer("words", words)
        self.positions = nn.Parameter(torch.zeros(POSITIONS, hidden))
        self.embedded = nn.LayerNorm(hidden, eps)
        self.layers = nn.ModuleList(Layer(hidden, heads, ffn, eps, dropout) for _ in range(layers))
        self.head = nn.Linear(hidden, len(LABELS))

    def states(self, ids, lengths):
        """The last layer's states, and which of them are no padding."""
        real = torch.arange(ids.shape[1])[None] < lengths[:, None]
        mask = None if bool(real.all()) else real[:, None, None]
        states = self.embedded(F.embedding(ids, self.words) + self.positions[: ids.shape[1]])
        states = F.dropout(states, self.dropout, self.training)
        for layer in self.layers:
            states = layer(states, mask)
        return states, real

    def pooled(self, ids, lengths):
        states, real = self.states(ids, lengths)
        return (states.float() * real[:, :, None]).sum(1) / lengths[:, None]

    def forward(self, ids, lengths):
        pooled = F.dropout(self.pooled(ids, lengths), self.dropout, self.training)
        with torch.autocast("cpu", enabled=False):
            return self.head(pooled)


def from_base(base, rows, chosen):
    """An encoder with these layers of the base model and the word embeddings of these of its pieces."""
    words = torch.from_numpy(base.rows([*range(SPECIAL), *rows]))
    model = Encoder(words, len(chosen), base.heads, base.ffn, base.eps)
    tensor = lambda name: torch.from_numpy(base.tensors[name])
    with torch.no_grad():
        positions = tensor("emb.pos").view(-1, base.hidden)[:POSITIONS]
        model.positions.copy_(positions + tensor("emb.type").view(-1, base.hidden)[0])
        fill(model.embedded, tensor("emb.ln.w"), tensor("emb.ln.b"))
        for layer, at in zip(model.layers, chosen):
            for part, name in PARTS.items():
                fill(getattr(layer, part), tensor(f"l{at}.{name}.w"), tensor(f"l{at}.{name}.b"))
        nn.init.normal_(model.head.weight, std=0.02)
        nn.init.zeros_(model.head.bias)
    return model


PARTS = {
    "query": "q",
    "key": "k",
    "value": "v",
    "out": "ao",
    "attended": "aln",
    "up": "fi",
    "down": "fo",
    "fed": "oln",
}
"""A layer's parts and their names in the base model, in the order of the weights file."""


def fill(module, weight, bias):
    module.weight.copy_(weight)
    module.bias.copy_(bias)
