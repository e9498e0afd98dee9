from __future__ import annotations

import pytest
import torch
from torch import nn

from restore.errors import RestoreError
from restore.nets import files
from restore.train.muon import Muon
from restore.train.state import Mean, State, pace

PLAN = {"seed": 1, "steps": 9}


class Duel:
    """Two networks, three optimisers of three kinds, and a mean: what adversarial trainings have."""

    def __init__(self, folder, plan=PLAN, width=3):
        torch.manual_seed(1)
        self.made, self.critic = (nn.Sequential(nn.Conv2d(2, width, 3), nn.Flatten(), nn.Linear(9 * width, 2))
                                  .to(memory_format=torch.channels_last) for _ in range(2))
        self.optimisers = {
            "made": Muon([p for p in self.made.parameters() if p.ndim > 1], 0.01),
            "biases": torch.optim.SGD([p for p in self.made.parameters() if p.ndim == 1], 0.01, momentum=0.9),
            "critic": torch.optim.Adam(self.critic.parameters(), 0.01),
        }
        self.mean = Mean(self.made)
        nets, means = {"made": self.made, "critic": self.critic}, {"made": self.mean}
        self.state = State(folder, plan, nets, self.optimisers, means, {"done": 0, "best": 0.5})

    def learn(self, steps, names=("made", "biases", "critic")):
        for _ in range(steps):
            done = self.state.counters["done"]
            x = torch.randn(4, 2, 5, 5, generator=torch.Generator().manual_seed(done))
            for net in (self.made, self.critic):
                net.zero_grad()
                net(x).square().sum().backward()
            for name in names:
                pace(self.optimisers[name], 0.01 / (1 + done))
                self.optimisers[name].step()
            self.state.counters["done"] = done + 1
            self.mean.follow(done + 1)

    def tensors(self):
        self.state.save()
        return files.read(self.state.path)[0]


def test_stopped_anywhere_and_gone_on_everything_is_as_if_it_had_not_been(tmp_path):
    whole = Duel(tmp_path / "whole")
    (tmp_path / "whole").mkdir()
    (tmp_path / "parts").mkdir()
    assert not whole.state.resume()
    whole.learn(3, ("made", "biases"))
    whole.learn(4)
    first, all_of_them = ("made", "biases"), tuple(whole.optimisers)
    for steps, names in ((2, first), (1, first), (3, all_of_them), (1, all_of_them)):
        part = Duel(tmp_path / "parts")
        part.state.resume()
        part.learn(steps, names)
        part.state.counters["best"] = 0.75
        part.state.save()
    assert part.state.counters == {"done": 7, "best": 0.75}
    a, b = whole.tensors(), part.tensors()
    assert a.keys() == b.keys()
    assert {k.split(".")[1] for k in a if k.startswith("optimiser.")} == set(whole.optimisers)
    for k, v in a.items():
        assert torch.equal(v, b[k]), k


def test_what_is_gone_on_with_lies_in_memory_as_it_did(tmp_path):
    duel = Duel(tmp_path)
    duel.learn(1)
    duel.state.save()
    again = Duel(tmp_path)
    assert again.state.resume()
    weight = again.made[0].weight
    assert again.optimisers["made"].state[weight]["momentum"].stride() == weight.stride()


@pytest.mark.parametrize("other", [{"plan": PLAN | {"seed": 2}}, {"width": 4}], ids=["plan", "size"])
def test_another_trainings_state_is_refused_and_nothing_is_changed(tmp_path, other):
    Duel(tmp_path).state.save()
    duel = Duel(tmp_path, **other)
    before = {k: v.clone() for k, v in duel.made.state_dict().items()}
    with pytest.raises(RestoreError, match="another plan" if "plan" in other else "another version"):
        duel.state.resume()
    assert all(torch.equal(v, before[k]) for k, v in duel.made.state_dict().items())


def test_a_state_with_something_in_it_that_nobody_asks_for_is_refused(tmp_path):
    duel = Duel(tmp_path)
    files.write(duel.state.path, duel.tensors() | {"muon.0": torch.zeros(2)}, {"plan": PLAN, "done": 0, "best": 0})
    with pytest.raises(RestoreError, match=r"the first is muon\.0"):
        duel.state.resume()
