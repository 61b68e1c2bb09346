"""Long experiments: the same file whatever interrupts them, on processes and on a Dask cluster."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest

from relucones import data, find_coupons, good_cone_probability, sufficient_width
from relucones.__main__ import main
from relucones_book.experiments import EXPERIMENTS, atlas, atlas_data, atlas_point
from relucones_book.reproduce import Experiment, load, run

QUICK = ["reproduce", "atlas", "--quick"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The quick atlas, not interrupted."""
    path = tmp_path_factory.mktemp("whole") / "atlas.json"
    run(atlas(quick=True), path, jobs=1, progress=False)
    return path


def test_an_experiment_that_was_killed_goes_on_and_ends_in_the_same_file(whole, tmp_path):
    output = tmp_path / "atlas.json"
    command = [sys.executable, "-m", "relucones", *QUICK, "--jobs", "1", "--output", str(output)]
    partial = tmp_path / "atlas.json.partial"
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not (partial.exists() and partial.read_text().count("\n") > 4) and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert not output.exists()
    kept = partial.read_text().count("\n") - 1
    assert 4 <= kept < len(atlas(quick=True).points)
    with open(partial, "a") as file:  # killed in the middle of a line
        file.write('{"point": 23, "rows": [{"da')
    assert main([*QUICK, "--jobs", "1", "--output", str(output)]) == 0
    assert output.read_bytes() == whole.read_bytes()
    assert not partial.exists()


def test_finished_points_are_not_computed_again(tmp_path):
    output, calls = tmp_path / "counted.json", tmp_path / "calls"
    experiment = Experiment("counted", {"calls": str(calls)}, [{"x": x} for x in range(6)], counted)
    with pytest.raises(RuntimeError, match="point 3"):
        run(replace(experiment, compute=failing), output, jobs=1, progress=False)
    assert calls.read_text() == "012"
    result = run(experiment, output, jobs=1, progress=False)
    assert calls.read_text() == "012345"
    assert result["rows"] == [{"x": x, "square": x * x} for x in range(6)]
    assert run(experiment, output, jobs=1, progress=False) == result  # complete: nothing to do
    assert calls.read_text() == "012345"


def test_a_result_is_read_as_columns(whole, tmp_path):
    header, table = load(whole)
    assert header["experiment"] == "atlas"
    assert set(header["versions"]) >= {"python", "relucones", "numpy"}
    assert header["cost"]["cpu_hours"] >= 0
    assert len(table["n"]) == header["points"] == 24
    assert table["counting 0.5"].dtype.kind == "i"
    assert set(table["data"]) == {"teacher", "random labels", "diabetes"}
    path = tmp_path / "none.json"
    for text in ("{}", "[]", "1,2"):
        path.write_text(text)
        with pytest.raises(ValueError, match=r"path must be the result of an experiment, but .*none.json is none"):
            load(path)
    run(Experiment("gaps", {}, [{"x": 0}, {"x": 1}], sometimes), path.with_name("gaps.json"), jobs=1, progress=False)
    _, table = load(path.with_name("gaps.json"))
    np.testing.assert_array_equal(table["value"], [np.nan, 2.5])
    assert list(table["why"]) == ["no", ""]


def sometimes(point, settings):
    return [{"value": 2.5}] if point["x"] else [{"why": "no"}]


def counted(point, settings):
    with open(settings["calls"], "a") as file:
        file.write(str(point["x"]))
    return [{"x": point["x"], "square": point["x"] ** 2}]


def failing(point, settings):
    if point["x"] == 3:
        raise RuntimeError("point 3")
    return counted(point, settings)


def test_processes_give_the_same_file(whole, tmp_path):
    assert main([*QUICK, "--jobs", "2", "--output", str(tmp_path / "a.json")]) == 0
    assert (tmp_path / "a.json").read_bytes() == whole.read_bytes()
    assert json.loads((tmp_path / "a.json.cost").read_text())["cpu_hours"] >= 0


def test_a_dask_cluster_gives_the_same_file(whole, tmp_path, capsys):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        output = tmp_path / "a.json"
        assert main([*QUICK, "--scheduler", cluster.scheduler_address, "--output", str(output)]) == 0
        with distributed.Client(cluster) as client:
            logs = client.run(lambda dask_worker: len(dask_worker.state.log))
    assert len(logs) == 2
    assert min(logs.values()) > 0  # both workers computed
    assert output.read_bytes() == whole.read_bytes()


def test_a_scheduler_that_does_not_answer(tmp_path, capsys):
    pytest.importorskip("distributed")
    assert main([*QUICK, "--scheduler", "nonsense://x", "--output", str(tmp_path / "a.json")]) == 2
    assert "scheduler nonsense://x does not answer" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["", ".partial"])
def test_results_of_something_else_are_not_touched(suffix, tmp_path, capsys, whole):
    output = tmp_path / "a.json"
    path = tmp_path / f"a.json{suffix}"
    other = {**json.loads(whole.read_text()), "settings": {"lam": [1.0]}}
    text = json.dumps(other) + "\n"
    path.write_text(text)
    assert main([*QUICK, "--output", str(output)]) == 2
    assert "is from another run: its settings differ" in capsys.readouterr().err
    assert path.read_text() == text
    path.write_text("1,2\n")
    assert main([*QUICK, "--output", str(output)]) == 2
    assert "a.json" in capsys.readouterr().err
    assert path.read_text() == "1,2\n"


def test_a_folder_that_does_not_exist(tmp_path, capsys):
    assert main([*QUICK, "--output", str(tmp_path / "no" / "a.json")]) == 2
    assert "output must lie in a folder that exists" in capsys.readouterr().err
    assert main([*QUICK, "--jobs", "0", "--output", str(tmp_path / "a.json")]) == 2
    assert "jobs must be an integer >= 1" in capsys.readouterr().err


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_point_of_every_experiment_is_plain_json(name):
    for quick in (False, True):
        experiment = EXPERIMENTS[name](quick=quick)
        assert experiment.name == name
        assert json.loads(json.dumps([experiment.points, experiment.settings])) == [experiment.points, experiment.settings]
        assert len({json.dumps(point, sort_keys=True) for point in experiment.points}) == len(experiment.points)


# ---- the atlas ----------------------------------------------------------------------------------------------------


def test_the_grid_of_the_atlas_is_the_promised_one():
    experiment = atlas()
    points, lam = experiment.points, experiment.settings["lam"]
    assert {p["n"] for p in points} >= {4, 24}
    assert {p["d"] for p in points} == {2, 3, 4, 5}
    assert (min(lam), max(lam)) == (1e-4, 1e-1)
    assert {p["data"] for p in points} == {"teacher", "random labels", "diabetes"}
    assert experiment.settings["data_sets"] == 20
    assert len(points) == 20 * 3 * 4 * len({p["n"] for p in points})


@pytest.mark.parametrize("kind", ["teacher", "random labels", "diabetes"])
def test_the_widths_of_the_atlas_are_the_least_and_below_the_bound(kind):
    point = {"data": kind, "n": 6, "d": 3, "seed": 3}
    settings = {**atlas().settings, "lam": [1e-2, 1e3]}
    row, zero = atlas_point(point, settings)
    X, y = atlas_data(point)
    assert X.shape == (6, 3)
    coupons = find_coupons(X, y, 1e-2)
    for share in (0.5, 0.99):
        assert row[f"bound {share}"] == sufficient_width(6, 3, 1 - share)
        for measure in ("counting", "gaussian"):
            m = row[f"{measure} {share}"]
            below, above = good_cone_probability(X, y, 1e-2, [m - 1, m], measure=measure)
            assert below < share <= above
            assert row[f"{measure} {share} error"] == 0
        assert row[f"counting {share}"] <= row[f"bound {share}"]
    assert row["coupons"] == len(coupons.signs)
    assert row["N"] == 32
    # Above lambda_max the zero network is optimal, and every cone contains it.
    assert zero["coupons"] == 0
    assert zero["counting 0.99"] == zero["gaussian 0.99"] == 1


def test_a_gap_that_stays_open_is_said_and_left_out(monkeypatch):
    from relucones_book.experiments import rows

    def open_gap(*arguments, **options):
        raise ValueError("lam is 0.0001, too small here")

    monkeypatch.setattr(rows, "find_coupons", open_gap)
    (row,) = atlas_point({"data": "teacher", "n": 4, "d": 2, "seed": 0}, {**atlas().settings, "lam": [1e-4]})
    assert row["refused"] == "lam is 0.0001, too small here"
    assert "counting 0.5" not in row


def test_kinds_of_data_differ_only_in_what_they_say():
    point = {"n": 8, "d": 3, "seed": 1}
    X, y = atlas_data({**point, "data": "teacher"})
    expected = data.gaussian_teacher(8, 3, seed=1)
    np.testing.assert_array_equal(X, expected.X)
    np.testing.assert_array_equal(y, expected.y)
    assert atlas_data({**point, "data": "diabetes"}).name == "diabetes"
