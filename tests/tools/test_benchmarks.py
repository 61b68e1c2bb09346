"""The benchmarks: the bookkeeping on made-up measurements, and what the committed file promises.
Nothing is timed here."""

import importlib.util
import json
import math
import random
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from relucones import activation_patterns, count_patterns, data, solve_global

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(scope="module")
def bench():
    """The modules of the folder, which is no package: they are run as scripts, and import each
    other by their bare names."""
    modules = {}
    with pytest.MonkeyPatch.context() as patch:
        # each imports only those before it
        for name in ("own_process", "report", "solvers", "run"):
            spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
            modules[name] = importlib.util.module_from_spec(spec)
            patch.setitem(sys.modules, name, modules[name])
            spec.loader.exec_module(modules[name])
        yield modules


def made_up(task):
    """Exact in n^d / 10^5 seconds, Clarabel in fifty times that, each off by the repetition's own
    share."""
    noise = (1.0, 1.3, 0.9, 2.0, 0.8)[task["seed"] % 5]
    seconds = task["n"] ** task["d"] / 1e5 * (50 if task["solver"] == "clarabel" else 1) * noise
    measured = {"seconds": seconds, "wall": 2 * seconds, "peak_mb": 100.0, "load": 1.0}
    return {**task, **measured, "value": 1.0, "relative_gap": 1e-9, "neurons": 3}


def runs_of(bench, *cases):
    return [
        made_up(task)
        for task in bench["run"].repetitions([bench["run"].Case(*case) for case in cases])
    ]


# ---- bookkeeping ---------------------------------------------------------------------------------


def test_rows_hold_medians_and_ratios_within_the_case(bench):
    runs = runs_of(bench, ("race", 30, 3, ("exact", "clarabel")), ("race", 60, 3, ("exact",)))
    random.Random(0).shuffle(runs)
    rows = bench["report"].summary(runs)["rows"]
    assert [(row["n"], row["solver"]) for row in rows] == [
        (30, "exact"),
        (30, "clarabel"),
        (60, "exact"),
    ]
    assert [row["repeats"] for row in rows] == [5, 5, 5]
    assert [row["ratio"] for row in rows] == pytest.approx([1, 50, 1])
    # the factors of the five have median one
    assert rows[0]["seconds"] == pytest.approx(30**3 / 1e5)
    assert rows[0]["fastest"] == pytest.approx(0.8 * 30**3 / 1e5)
    assert rows[0]["slowest"] == pytest.approx(2.0 * 30**3 / 1e5)


def test_fits_find_the_exponent_and_leave_out_fixed_costs(bench):
    runs = runs_of(bench, *(("scaling", n, 3, ("exact", "clarabel")) for n in (5, 30, 50, 100)))
    for run in runs:
        if run["n"] == 5:
            run["seconds"] = 0.09  # far above the power law, as a fixed cost is
    fits = bench["report"].summary(runs)["fits"]
    assert [(f["solver"], f["d"], f["theory"]) for f in fits] == [
        ("exact", 3, 3),
        ("clarabel", 3, 3),
    ]
    for f in fits:
        assert f["slope"] == pytest.approx(3)
        assert f["error"] == pytest.approx(0, abs=1e-6)
        assert [n for n, _ in f["points"]] == [30, 50, 100]


def test_a_slope_s_standard_error_against_the_textbook(bench):
    points = [(10, 1.0), (20, 4.4), (40, 15.0), (80, 70.0)]
    (found,) = bench["report"].fit(points)
    known = stats.linregress([math.log(x) for x, _ in points], [math.log(t) for _, t in points])
    assert (found["slope"], found["error"]) == pytest.approx((known.slope, known.stderr))
    assert bench["report"].fit(points[:2]) == []


@pytest.mark.parametrize(("n", "d"), [(3, 2), (6, 3), (8, 4), (9, 5)])
def test_faces_obey_euler_and_the_cells_are_covers(bench, n, d):
    report = bench["report"]
    of_dimension = [math.comb(n, d - k) * report.cells(n - d + k, k) for k in range(1, d + 1)]
    assert of_dimension[-1] == count_patterns(n, d)
    assert sum(of_dimension) == report.faces(n, d)
    # The faces and the origin make up all of R^d.
    assert 1 + sum((-1) ** k * f for k, f in enumerate(of_dimension, 1)) == (-1) ** d


def test_the_table_has_a_line_for_every_row_and_fit(bench):
    results = bench["report"].summary(
        runs_of(bench, *(("scaling", n, 2, ("exact", "clarabel")) for n in (200, 300, 500)))
    )
    lines = bench["report"].table(results).splitlines()
    assert len(lines) == 1 + 6 + 2 + 2
    assert lines[2].split()[:3] == ["200", "2", "clarabel"]
    assert "50.0" in lines[2].split()
    assert "n^(2.00 ± 0.00), d=2" in lines[-1]


def test_a_run_that_was_killed_goes_on_with_the_next_repetition(bench, tmp_path):
    run, path, measured = bench["run"], tmp_path / "deep" / "results.json", []
    tasks = list(run.repetitions([run.Case("race", 20, 3, ("exact", "clarabel"))]))
    assert [task["solver"] for task in tasks[:4]] == ["exact", "clarabel"] * 2, (
        "the solvers take turns"
    )

    def killed_at_the_fourth(task):
        if len(measured) == 3:
            raise KeyboardInterrupt
        measured.append(run.key(task))
        return made_up(task)

    stored = {"settings": {}, "runs": []}
    with pytest.raises(KeyboardInterrupt):
        run.run_missing(stored, tasks, path, killed_at_the_fourth)
    kept = json.loads(path.read_text())
    assert [run.key(r) for r in kept["runs"]] == measured
    run.run_missing(kept, tasks, path, lambda task: measured.append(run.key(task)) or made_up(task))
    assert measured == [run.key(task) for task in tasks], "every repetition once"
    assert json.loads(path.read_text())["summary"] == bench["report"].summary(kept["runs"])


def test_results_of_other_versions_are_neither_mixed_nor_lost(bench, tmp_path):
    run, path = bench["run"], tmp_path / "results.json"
    other = {"settings": {**run.settings(), "python": "2.7"}, "runs": []}
    run.write(other, path)
    with pytest.raises(SystemExit, match="--again"):
        run.earlier_or_new(path, again=False)
    assert run.earlier_or_new(path, again=True)["runs"] == []
    assert json.loads(path.read_text())["settings"]["python"] == "2.7"


def test_the_figures_are_drawn(bench, tmp_path):
    cases = [
        ("race", 50, 3, ("exact", "clarabel")),
        *(("scaling", n, d, ("exact", "clarabel")) for n in (70, 90) for d in (2, 3, 4)),
    ]
    bench["run"].draw(bench["report"].summary(runs_of(bench, *cases)), tmp_path / "new")
    assert {file.name for file in (tmp_path / "new").iterdir()} == {"growth.png", "routes.png"}


def test_one_repetition_of_each_route_of_ours(bench):
    """On five points in the plane all routes must meet."""
    ours, whole, cones = (
        bench["solvers"].repetition(solver, "race", 5, 2, 1e-2, 0)
        for solver in ("exact", "clarabel", "cones")
    )
    assert ours["relative_gap"] < 1e-8
    assert whole["value"] == pytest.approx(ours["value"], rel=1e-6)
    assert cones["value"] == pytest.approx(ours["value"], rel=1e-6)
    assert cones["cones"] == 1, "640 draws of 20 signed patterns hold them all"
    for measured in (ours, whole, cones):
        assert measured["seconds"] > 0
        assert measured["peak_mb"] > 10


def test_the_routes_of_the_grid_agree(bench):
    """The formula and the table share the exact curve; the shares of 20 solved cones scatter around
    it."""
    solvers, problem = bench["solvers"], data.gaussian_teacher(4, 3, seed=3)
    exact, table, cones = (
        np.array([*curve(*problem, 1e-2, 0)])
        for curve in (solvers.exact_curve, solvers.table_curve, solvers.sampled_curve)
    )
    assert exact.shape == (len(solvers.WIDTHS),)
    np.testing.assert_allclose(table, exact, atol=1e-12)
    error = np.sqrt(np.maximum(exact * (1 - exact), 0.01) / solvers.CONES)
    assert np.abs((cones - exact) / error).max() < 5


def test_gates_lie_inside_their_cells(bench):
    X, _ = data.gaussian_teacher(7, 3, seed=1)
    vectors = bench["solvers"].inner_vectors(X)
    np.testing.assert_array_equal(vectors @ X.T > 0, activation_patterns(X))


# ---- the committed file --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stored():
    return json.loads(
        (files("relucones_book") / "results/how_fast.json").read_text(encoding="utf-8")
    )


@pytest.fixture(scope="module")
def rows(stored):
    return {
        (row["group"], row["n"], row["d"], row["solver"]): row for row in stored["summary"]["rows"]
    }


def test_the_file_is_complete(bench, stored):
    run = bench["run"]
    assert sorted(map(run.key, stored["runs"])) == sorted(map(run.key, run.repetitions(run.CASES)))
    assert run.RESULTS.samefile(str(files("relucones_book") / "results/how_fast.json"))
    assert stored["summary"] == json.loads(json.dumps(bench["report"].summary(stored["runs"])))
    assert len(stored["summary"]["fits"]) == 7


def test_promises(rows):
    assert rows["race", 100, 3, "clarabel"]["ratio"] >= 200
    assert rows["race", 50, 3, "clarabel"]["ratio"] >= 30
    assert rows["race", 100, 3, "exact"]["peak_mb"] < 500
    grid = {
        solver: rows["landscape", 0, 0, solver]["seconds"]
        for solver in ("exact", "table", "neurons")
    }
    assert grid["neurons"] >= 1000 * grid["exact"]
    assert grid["neurons"] >= 20 * grid["table"]
    for n, d in ((100, 3), (50, 3), (1000, 2), (300, 3), (60, 4), (30, 6)):
        row = rows["race", n, d, "exact"]
        assert row["relative_gap"] <= 1e-7
        assert row["repeats"] >= 5


def test_every_repetition_of_a_proving_route_closed_its_gap(stored):
    proving = [run for run in stored["runs"] if "relative_gap" in run and run["group"] != "beyond"]
    assert len(proving) > 100
    assert max(run["relative_gap"] for run in proving) <= 1e-7


def test_no_route_is_below_the_optimum(rows):
    for row in rows.values():
        if "value" in row and row["group"] != "beyond" and row["solver"] != "exact":
            ours = rows.get((row["group"], row["n"], row["d"], "exact"))
            assert row.get("excess", 0) > -1e-7
            if ours and row["solver"] == "clarabel":
                assert row["value"] == pytest.approx(ours["value"], rel=1e-7)
            elif ours:
                assert row["value"] > ours["value"] * (1 - 1e-7)


@pytest.mark.parametrize(("n", "d"), [(20, 3), (50, 3)])
def test_the_stored_optimum_is_found_again(rows, n, d):
    X, y = data.gaussian_teacher(n, d, seed=0)
    assert solve_global(X, y, 1e-3).value == pytest.approx(
        rows["race", n, d, "exact"]["value"], rel=1e-9
    )


# ---- training beside a plain loop ----------------------------------------------------------------


@pytest.fixture(scope="module")
def training_cases():
    cases = json.loads((FOLDER / "training.json").read_text(encoding="utf-8"))["cases"]
    return {(case["lam"], case["alpha"]): case for case in cases}


def test_training_keeps_its_promise(training_cases):
    assert len(training_cases) == 7
    for case in training_cases.values():
        assert case["loop"]["seconds"] >= 30 * case["train"]["seconds_per_run"]
        assert "not converged" not in case["train"]["ends"]


def test_the_loops_run_to_their_end_end_where_train_does(training_cases):
    """Run 0 of each; the loop stops where its gradient is small, a little above the limit."""
    finished = [case for case in training_cases.values() if not case["loop"]["extrapolated"]]
    assert {case["lam"] for case in finished} == {1e-4, 1e-5}
    for case in finished:
        assert case["loop"]["steps"] < 1e8
        assert 0 <= case["loop"]["value"] / case["train"]["values"][0] - 1 < 1e-6


def test_the_stored_ends_of_training_are_found_again(training_cases):
    pytest.importorskip("torch")
    from relucones.training import train

    case = training_cases[1e-4, 0.008]
    ensemble = train(*data.small_init_trap(d=4, seed=0), 1e-4, m=100, alpha=0.008, runs=16, seed=0)
    np.testing.assert_allclose(ensemble.losses, case["train"]["values"], rtol=1e-9)
    assert case["train"]["ends"] == {"spurious stationary point": 16}
    assert ensemble.stop_reason == ["spurious stationary point"] * 16


# ---- both processes beside plain loops of their own ----------------------------------------------


def test_every_run_agrees_with_its_own_loop():
    pytest.importorskip("torch")
    spec = importlib.util.spec_from_file_location("agreement", FOLDER / "agreement.py")
    agreement = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(agreement)
    rows = json.loads((FOLDER / "agreement.json").read_text(encoding="utf-8"))["rows"]
    assert [row["problem"] for row in rows] == list(range(agreement.PROBLEMS))
    for row in rows:
        for process in ("flow", "descent"):
            pairs = zip(row[process], row[f"{process} loop"], strict=True)
            assert all(agreement.agree(*pair) for pair in pairs), (row["problem"], process)
    assert "flow and descent end apart in" in agreement.table(rows)
