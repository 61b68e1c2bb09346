"""Networks from PyTorch, to it, and in its files; what lambda is in its terms."""

import os
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relucones import Network, certify, solve_global
from relucones.data import Dataset
from relucones.network import load_constants, load_torch, save_torch
from strategies import random_data, random_network, seeds


def two_layers(m=5, d=3, bias=True, dtype=None):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(d, m, bias=bias, dtype=dtype),
        torch.nn.ReLU(),
        torch.nn.Linear(m, 1, bias=False, dtype=dtype),
    )


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("as_dict", [True, False])
def test_from_torch_computes_what_torch_computes(bias, as_dict):
    torch = pytest.importorskip("torch")
    module = two_layers(bias=bias, dtype=torch.float64)
    X = np.random.default_rng(0).standard_normal((7, 3))
    net = Network.from_torch(module.state_dict() if as_dict else module)
    inputs = np.column_stack([X, np.ones(7)]) if bias else X
    expected = module(torch.as_tensor(X)).detach().numpy().ravel()
    np.testing.assert_allclose(net.predict(inputs), expected, rtol=1e-12, atol=1e-14)


def test_from_torch_takes_a_module_with_its_own_names_and_half_precision():
    torch = pytest.importorskip("torch")

    class Model(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = torch.nn.Linear(2, 4, bias=False)
            self.readout = torch.nn.Linear(4, 1)
            torch.nn.init.zeros_(self.readout.bias)

        def forward(self, x):
            return self.readout(torch.relu(self.hidden(x)))

    model = Model()
    X = np.random.default_rng(0).standard_normal((6, 2)).astype(np.float32)
    expected = model(torch.as_tensor(X)).detach().numpy().ravel()
    np.testing.assert_allclose(Network.from_torch(model).predict(X), expected, atol=1e-6)
    half = Network.from_torch(model.to(torch.bfloat16))
    np.testing.assert_allclose(half.predict(X), expected, atol=0.05)


def activations():
    nn = pytest.importorskip("torch").nn
    return {
        "Tanh": nn.Tanh(),
        "LeakyReLU": nn.LeakyReLU(),
        "nearly ReLU": nn.LeakyReLU(1e-7),
        "none": nn.Identity(),
        "GELU": nn.GELU(),
        "Softplus": nn.Softplus(beta=100),
        "ReLU6": nn.ReLU6(),
        "Sigmoid": nn.Sigmoid(),
        "SiLU": nn.SiLU(),
        "ELU": nn.ELU(alpha=1e-3),
        "Hardshrink": nn.Hardshrink(1e-2),
        "norm": nn.Sequential(nn.LayerNorm(5, elementwise_affine=False), nn.ReLU()),
    }


NOT_RELU = [
    "Tanh", "LeakyReLU", "nearly ReLU", "none", "GELU", "Softplus", "ReLU6", "Sigmoid", "SiLU",
    "ELU", "Hardshrink", "norm",
]  # fmt: skip


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("size", [1e-4, 1.0, 1e4])
@pytest.mark.parametrize("name", NOT_RELU)
def test_from_torch_refuses_a_module_that_computes_something_else(name, size, bias):
    torch = pytest.importorskip("torch")
    module = two_layers(bias=bias)
    with torch.no_grad():
        module[0].weight.mul_(size)
    assert Network.from_torch(module).width == 5
    module[1] = activations()[name]
    with pytest.raises(
        ValueError,
        match=r"module must compute sum_j a_j max\(0, w_j . x\), but at a random point it gives",
    ):
        Network.from_torch(module)
    # Weights alone cannot tell.
    assert Network.from_torch(module.state_dict()).width == 5


def test_from_torch_refuses_another_use_of_the_same_weights():
    torch = pytest.importorskip("torch")

    class Model(torch.nn.Module):
        def __init__(self, forward):
            super().__init__()
            self.a, self.b = torch.nn.Linear(3, 4, bias=False), torch.nn.Linear(4, 1, bias=False)
            self.compute = forward

        def forward(self, x):
            return self.compute(self, x)

    def relu_of(m, x):
        return m.b(torch.relu(m.a(x)))

    assert Network.from_torch(Model(relu_of)).width == 4
    for forward in (
        lambda m, x: torch.relu(relu_of(m, x)),
        lambda m, x: relu_of(m, x) + x[:, :1],
        lambda m, x: relu_of(m, x) * float("nan"),
    ):
        with pytest.raises(ValueError, match="module must compute"):
            Network.from_torch(Model(forward))
    for forward in (lambda m, x: m.b(x), lambda m, x: m.a(x), lambda m, x: {}, lambda m, x: 1 / 0):
        with pytest.raises(
            ValueError,
            match=r"256 points of dimension 3, but its forward pass fails \(\w+\)",
        ):
            Network.from_torch(Model(forward))


def test_from_torch_leaves_the_module_as_it_is():
    torch = pytest.importorskip("torch")
    module = torch.nn.Sequential(
        torch.nn.Linear(3, 4),
        torch.nn.Dropout(0.5),
        torch.nn.ReLU(),
        torch.nn.Linear(4, 1, bias=False),
    )
    before = {k: v.clone() for k, v in module.state_dict().items()}
    state = torch.get_rng_state()
    Network.from_torch(module)  # without dropout, which acts in training only
    assert module.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(
        torch.equal(v, before[k]) and v.dtype == torch.float32
        for k, v in module.state_dict().items()
    )


@given(seeds, st.booleans())
def test_to_torch_computes_the_network_and_back(seed, bias):
    torch = pytest.importorskip("torch")
    net, (X, _) = random_network(seed), random_data(seed)
    module = net.to_torch(bias)
    inputs = X[:, :-1] if bias else X
    if bias:
        X = np.column_stack([inputs, np.ones(len(X))])
    outputs = module(torch.tensor(inputs)).detach().numpy().ravel()
    np.testing.assert_allclose(outputs, net.predict(X), rtol=1e-12, atol=1e-13)
    back = Network.from_torch(module)
    np.testing.assert_array_equal(back.W, net.W)
    np.testing.assert_array_equal(back.a, net.a)


@pytest.mark.parametrize("bias", [True, False])
def test_a_module_for_raw_data_has_the_standardisation_inside(bias):
    torch = pytest.importorskip("torch")
    X, y = random_data(0)
    raw = Dataset(X * [3, 1e4, 1e-3] + [1, -5e3, 0.2], 40 * y + 7)
    d = raw.standardised().with_bias() if bias else raw.standardised()
    net = random_network(1, d=d.X.shape[1])
    module = net.to_torch(bias, d.standardisation)
    outputs = module(torch.tensor(raw.X)).detach().numpy().ravel()
    np.testing.assert_allclose(outputs, d.standardisation.labels(net.predict(d.X)), rtol=1e-9)
    with pytest.raises(ValueError, match=r"standardisation.mean must have length"):
        random_network(1, d=7).to_torch(bias, d.standardisation)


@pytest.mark.parametrize("bias", [True, False])
def test_certify_takes_a_module_and_its_own_points(bias):
    torch = pytest.importorskip("torch")
    X, y = random_data(0, d=2)
    d = Dataset(X, y).with_bias() if bias else Dataset(X, y)
    best = solve_global(*d, 0.05).network
    module = best.to_torch(bias).float()
    for points in (X, d.X):
        assert certify(module, points, y, 0.05).is_global
        assert certify(module.state_dict(), torch.tensor(points), y, 0.05).is_global
    expected = certify(Network.from_torch(module), *d, 0.05)
    assert certify(module, X, y, 0.05) == expected
    module[1] = torch.nn.Tanh()
    with pytest.raises(ValueError, match="module must compute"):
        certify(module, X, y, 0.05)
    with pytest.raises(ValueError, match=r"X must have \d columns"):
        certify(best.to_torch(bias), X[:, :1] if not bias else np.ones((6, 1)), y, 0.05)


@pytest.mark.parametrize("optimiser", ["SGD", "Adam", "AdamW"])
def test_lambda_is_half_of_the_weight_decay_of_torch(optimiser):
    """Steps on the squared error with weight decay 2 lambda, and on the whole loss without."""
    torch = pytest.importorskip("torch")
    lam, (X, y) = 0.05, map(torch.tensor, random_data(0))

    def descend(decay, penalty):
        module = two_layers(dtype=torch.float64)  # with biases in the first layer
        steps = getattr(torch.optim, optimiser)(module.parameters(), lr=0.01, weight_decay=decay)
        for _ in range(20):
            steps.zero_grad()
            loss = ((module(X).ravel() - y) ** 2).mean()
            (loss + penalty * sum((p**2).sum() for p in module.parameters())).backward()
            steps.step()
        return torch.cat([p.detach().ravel() for p in module.parameters()]).numpy()

    decayed, penalised = descend(2 * lam, 0.0), descend(0.0, lam)
    if optimiser == "AdamW":
        assert np.abs(decayed - penalised).max() > 1e-3
    else:
        np.testing.assert_allclose(decayed, penalised, rtol=1e-9, atol=1e-12)


def test_the_penalised_loss_of_torch_is_the_loss_of_the_network():
    torch = pytest.importorskip("torch")
    module, (X, y) = two_layers(dtype=torch.float64), random_data(0)
    expected = ((module(torch.tensor(X)).ravel() - torch.tensor(y)) ** 2).mean()
    expected = expected + 0.05 * sum((p**2).sum() for p in module.parameters())
    found = Network.from_torch(module).loss(np.column_stack([X, np.ones(len(X))]), y, 0.05)
    assert found == pytest.approx(expected.item(), rel=1e-12)


def test_from_torch_of_one_neuron_in_one_dimension():
    net = Network.from_torch(two_layers(m=1, d=1))
    assert (net.width, net.dimension) == (1, 2)


def bad_states():
    torch = pytest.importorskip("torch")
    ones = torch.ones
    return {
        "no state": (3.0, "module must be a torch module or a state dict, but it is a float"),
        "a class": (
            torch.nn.Linear,
            "module must be a torch module or a state dict, but it is Linear",
        ),
        "an optimiser": (
            torch.optim.SGD([ones(1)]),
            r"module\['state'\] must be a tensor, but it is a dict",
        ),
        "empty": ({}, r"two weight matrices of shapes \(m, d\) and \(1, m\)"),
        "numbers": ({"a": 1}, r"module\['a'\] must be a tensor, but it is a int"),
        "one layer": ({"a.weight": ones(3, 2)}, "two weight matrices"),
        "three layers": (
            {"a.weight": ones(3, 2), "b.weight": ones(3, 3), "c.weight": ones(1, 3)},
            "two weight matrices",
        ),
        "two outputs": ({"a.weight": ones(3, 2), "b.weight": ones(2, 3)}, "two weight matrices"),
        "widths differ": ({"a.weight": ones(3, 2), "b.weight": ones(1, 4)}, "two weight matrices"),
        "output bias": (
            {"a.weight": ones(3, 2), "b.weight": ones(1, 3), "b.bias": ones(1)},
            "output bias",
        ),
        "batch norm": (
            {"a.weight": ones(3, 2), "b.weight": ones(1, 3), "n.weight": ones(3)},
            "at most one bias each",
        ),
        "bias of another width": (
            {"a.weight": ones(3, 2), "a.bias": ones(4), "b.weight": ones(1, 3)},
            "at most one bias each",
        ),
        "not a number": (
            {"a.weight": ones(3, 2) * float("nan"), "b.weight": ones(1, 3)},
            "W must be finite",
        ),
        "complex": (
            {"a.weight": 1j * ones(3, 2), "b.weight": ones(1, 3)},
            "dense tensor of real numbers",
        ),
        "sparse": (
            {"a.weight": ones(3, 2).to_sparse(), "b.weight": ones(1, 3)},
            "dense tensor of real numbers",
        ),
        "without storage": (
            {"a.weight": ones(3, 2, device="meta"), "b.weight": ones(1, 3)},
            "dense tensor of real numbers",
        ),
    }


@pytest.mark.parametrize(
    "case",
    [
        "no state", "a class", "an optimiser", "empty", "numbers", "one layer", "three layers",
        "two outputs", "widths differ", "output bias", "batch norm", "bias of another width",
        "not a number", "complex", "sparse", "without storage",
    ],
)  # fmt: skip
def test_from_torch_refuses_what_is_no_such_network(case):
    state, message = bad_states()[case]
    with pytest.raises(ValueError, match=message):
        Network.from_torch(state)


def test_unnamed_layers_are_read_in_order():
    torch = pytest.importorskip("torch")
    net = Network.from_torch({0: torch.ones(3, 2), 1: torch.ones(1, 3)})
    assert (net.width, net.dimension) == (3, 2)


def test_load_torch_reads_what_torch_wrote(tmp_path):
    torch = pytest.importorskip("torch")
    module = two_layers(bias=False)
    torch.save(module.state_dict(), tmp_path / "net.pt")
    net = load_torch(tmp_path / "net.pt")
    np.testing.assert_array_equal(net.W, module[0].weight.detach().double().numpy())


@pytest.mark.parametrize("bias", [True, False])
def test_a_saved_network_is_read_back_with_its_constants(tmp_path, bias):
    torch = pytest.importorskip("torch")
    net, (X, y) = random_network(0), random_data(0)
    save_torch(net, tmp_path / "net.pt", bias)
    np.testing.assert_array_equal(load_torch(tmp_path / "net.pt").W, net.W)
    assert load_constants(tmp_path / "net.pt") == {}
    net.to_torch(bias).load_state_dict(
        torch.load(tmp_path / "net.pt")
    )  # strict: nothing else is in it
    d = Dataset(X[:, :2] if bias else X, y).standardised()
    save_torch(net, tmp_path / "net.pt", bias, d.standardisation)
    np.testing.assert_array_equal(load_torch(tmp_path / "net.pt").a, net.a)
    constants = load_constants(tmp_path / "net.pt")
    for name, value in vars(d.standardisation).items():
        np.testing.assert_array_equal(constants[name], value)
    state = torch.load(tmp_path / "net.pt")
    net.to_torch(bias).load_state_dict(state, strict=False)
    assert state["standardisation.mean"].dtype == torch.float64
    assert [p.name for p in tmp_path.iterdir()] == ["net.pt"]


def test_files_that_cannot_be_written_are_told(tmp_path):
    pytest.importorskip("torch")
    net = random_network(0)
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "no" / "net.pt", tmp_path / "folder"):
        with pytest.raises(ValueError, match=f"{path} cannot be written: "):
            save_torch(net, path)
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
def test_load_torch_runs_no_code_from_the_file(tmp_path):
    torch = pytest.importorskip("torch")
    witness = tmp_path / "code ran"

    class Trap:
        def __reduce__(self):
            return (open, (str(witness), "w"))

    for name, write in (
        ("plain.pt", lambda p: p.write_bytes(pickle.dumps(Trap()))),
        ("torch.pt", lambda p: torch.save(Trap(), p)),
    ):
        write(tmp_path / name)
        with pytest.raises(ValueError, match="is not a state dict of tensors"):
            load_torch(tmp_path / name)
    assert not witness.exists()


def test_load_torch_refuses_other_files_by_name(tmp_path):
    torch = pytest.importorskip("torch")
    torch.save(torch.ones(3), tmp_path / "tensor.pt")
    torch.save({"epoch": 3, "model": {}}, tmp_path / "checkpoint.pt")
    (tmp_path / "text.pt").write_text("x,y\n1,2\n")
    (tmp_path / "empty.pt").write_bytes(b"")
    for name in ("tensor.pt", "checkpoint.pt", "text.pt", "empty.pt"):
        with pytest.raises(ValueError, match=name):
            load_torch(tmp_path / name)
    with pytest.raises(ValueError, match=r"missing\.pt cannot be read: No such file"):
        load_torch(tmp_path / "missing.pt")
    with pytest.raises(ValueError, match="cannot be read"):
        load_torch(tmp_path)


def test_load_torch_says_when_torch_is_missing(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "torch", None)
    net = random_network(0)
    for call in (
        lambda: load_torch("net.pt"),
        lambda: net.to_torch(),
        lambda: save_torch(net, "net.pt"),
    ):
        with pytest.raises(ValueError, match="needs PyTorch"):
            call()
