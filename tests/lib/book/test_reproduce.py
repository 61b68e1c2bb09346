"""Long experiments: the same file whatever interrupts them, on processes and on a Dask cluster."""

import json
import os
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
        while (
            not (partial.exists() and partial.read_text().count("\n") > 4)
            and time.monotonic() < deadline
        ):
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
        with pytest.raises(
            ValueError, match=r"path must be the result of an experiment, but .*none.json is none"
        ):
            load(path)
    run(
        Experiment("gaps", {}, [{"x": 0}, {"x": 1}], sometimes),
        path.with_name("gaps.json"),
        jobs=1,
        progress=False,
    )
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
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None
    ) as cluster:
        output = tmp_path / "a.json"
        assert (
            main([*QUICK, "--scheduler", cluster.scheduler_address, "--output", str(output)]) == 0
        )
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


WRONG_SHAPES = [
    "12", "[]", "null", '{"rows": []}', '{"point": 7}', '"text"', "[" * 100_000, "\u00ff" * 9,
]  # fmt: skip


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("text", WRONG_SHAPES, ids=lambda text: text[:20])
def test_a_partial_file_of_another_shape_is_refused_and_kept(text, end, tmp_path, capsys):
    partial = tmp_path / "a.json.partial"
    partial.write_text(text + end, encoding="latin-1")
    assert main([*QUICK, "--jobs", "1", "--output", str(tmp_path / "a.json")]) == 2
    assert (
        "a.json.partial is damaged, or not of a run; delete it to start again"
        in capsys.readouterr().err
    )
    assert partial.read_text(encoding="latin-1") == text + end


@pytest.mark.parametrize(
    "entry",
    [
        "12",
        "null",
        '{"rows": []}',
        '{"point": 7}',
        '{"point": 99, "rows": [], "seconds": 0}',
        '{"point": true, "rows": [], "seconds": 0}',
        '{"point": 0, "rows": [1], "seconds": 0}',
        '{"point": 0, "rows": [], "seconds": "0"}',
    ],
)
def test_a_damaged_point_is_refused(entry, tmp_path, capsys):
    partial = tmp_path / "a.json.partial"
    text = json.dumps(atlas(quick=True).header) + "\n" + entry + "\n"
    partial.write_text(text)
    assert main([*QUICK, "--jobs", "1", "--output", str(tmp_path / "a.json")]) == 2
    assert "a.json.partial is damaged" in capsys.readouterr().err
    assert partial.read_text() == text


@pytest.mark.parametrize(
    "text",
    ["12", "[]", "null", '{"rows": []}', '{"columns": ["a"], "rows": [1]}', "[" * 100_000],
    ids=lambda t: t[:20],
)
def test_a_result_of_another_shape_is_refused_and_kept(text, tmp_path, capsys):
    (tmp_path / "a.json").write_text(text)
    assert main([*QUICK, "--jobs", "1", "--output", str(tmp_path / "a.json")]) == 2
    assert "exists and holds no result of an experiment" in capsys.readouterr().err
    with pytest.raises(ValueError, match="path must be the result of an experiment"):
        load(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_text() == text


def waiting(point, settings):
    while not os.path.exists(settings["go on"]):
        time.sleep(0.05)
    return [{"x": point["x"]}]


SLOW = """
import sys
from relucones_book.reproduce import Experiment, run
sys.path.insert(0, {folder!r})
from test_reproduce import waiting
points = [{{"x": x}} for x in range(4)]
run(Experiment("slow", {{"go on": {go_on!r}}}, points, waiting), {output!r}, jobs={jobs},
progress=False)
"""


def start_slow(tmp_path, jobs):
    """A run that waits for a file, in a process of its own; it has begun when this returns."""
    output, go_on = tmp_path / "slow.json", tmp_path / "go on"
    code = SLOW.format(
        folder=os.path.dirname(__file__), go_on=str(go_on), output=str(output), jobs=jobs
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 60
    while not (tmp_path / "slow.json.partial").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return (
        process,
        Experiment("slow", {"go on": str(go_on)}, [{"x": x} for x in range(4)], waiting),
        output,
        go_on,
    )


def test_one_run_at_a_time_holds_an_output(tmp_path):
    process, experiment, output, go_on = start_slow(tmp_path, jobs=1)
    with process:
        time.sleep(0.2)
        with pytest.raises(
            ValueError,
            match=r"output must be no other run's, but .*slow.json is being computed by one",
        ):
            run(experiment, output, jobs=1, progress=False)
        go_on.touch()
        assert process.wait(timeout=60) == 0
    assert run(experiment, output, jobs=1, progress=False)["rows"] == [{"x": x} for x in range(4)]
    assert not output.with_name("slow.json.partial").exists()


@pytest.mark.skipif(not os.path.isdir("/proc"), reason="processes are looked up in /proc")
def test_workers_end_with_a_run_that_is_killed(tmp_path):
    process, experiment, output, go_on = start_slow(tmp_path, jobs=2)
    with process:
        deadline = time.monotonic() + 60
        while len(workers := children(process.pid)) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(1)
        workers |= children(process.pid)
        process.kill()
    assert len(workers) >= 2
    deadline = time.monotonic() + 20
    while any(map(is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(is_alive, workers))
    go_on.touch()  # and the lock is gone
    assert len(run(experiment, output, jobs=1, progress=False)["rows"]) == 4


def children(pid):
    found = set()
    for number in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{number}/stat", encoding="utf-8") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
            with open(f"/proc/{number}/cmdline", encoding="utf-8") as file:
                if parent == pid and "popen_loky" in file.read():
                    found.add(int(number))
        except OSError:
            continue
    return found


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_disk_that_is_full_is_told_and_what_is_finished_is_kept(whole, tmp_path):
    resource = pytest.importorskip("resource")
    output = tmp_path / "a.json"
    command = [sys.executable, "-m", "relucones", *QUICK, "--jobs", "1", "--output", str(output)]
    small = {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))}
    # Coverage would write a file of its own, which is too large, too.
    small["env"] = {k: v for k, v in os.environ.items() if not k.startswith("COVERAGE_")}
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=False, **small
    )
    assert done.returncode == 2
    assert (
        "relucones: output must be a file that can be written, but " in done.stderr.splitlines()[-1]
    )
    assert "Traceback" not in done.stderr
    assert main(command[3:]) == 0
    assert output.read_bytes() == whole.read_bytes()


def test_outputs_that_cannot_be_written_are_told(tmp_path, capsys):
    (tmp_path / "a.json.partial").mkdir()
    assert main([*QUICK, "--jobs", "1", "--output", str(tmp_path / "a.json")]) == 2
    assert "output must be a file that can be written, but" in capsys.readouterr().err
    assert main([*QUICK, "--jobs", "1", "--output", str(tmp_path)]) == 2
    assert "exists and holds no result" in capsys.readouterr().err


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_package_that_is_missing_is_named(tmp_path, jobs):
    (tmp_path / "torch.py").write_text(
        "raise ModuleNotFoundError('No module named torch', name='torch')"
    )
    command = [
        sys.executable,
        "-m",
        "relucones",
        "reproduce",
        "trap",
        "--quick",
        "--jobs",
        jobs,
        "--output",
        str(tmp_path / "t.json"),
    ]
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert (
        done.stderr.splitlines()[-1]
        == "relucones: reproduce needs the package torch, which is not installed: pip install torch"
    )
    assert "Traceback" not in done.stderr


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
        assert json.loads(json.dumps([experiment.points, experiment.settings])) == [
            experiment.points,
            experiment.settings,
        ]
        assert len({json.dumps(point, sort_keys=True) for point in experiment.points}) == len(
            experiment.points
        )


# ---- the atlas -----------------------------------------------------------------------------------


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
    (row,) = atlas_point(
        {"data": "teacher", "n": 4, "d": 2, "seed": 0}, {**atlas().settings, "lam": [1e-4]}
    )
    assert row["refused"] == "lam is 0.0001, too small here"
    assert "counting 0.5" not in row


def test_kinds_of_data_differ_only_in_what_they_say():
    point = {"n": 8, "d": 3, "seed": 1}
    X, y = atlas_data({**point, "data": "teacher"})
    expected = data.gaussian_teacher(8, 3, seed=1)
    np.testing.assert_array_equal(X, expected.X)
    np.testing.assert_array_equal(y, expected.y)
    assert atlas_data({**point, "data": "diabetes"}).name == "diabetes"
