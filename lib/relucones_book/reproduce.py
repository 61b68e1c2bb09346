"""Long experiments as many independent points: computed on all cores or on a cluster, stored as they come, resumed.

A run appends every finished point to ``OUTPUT.partial``, one line of JSON each; when all points are there, the result is
written to ``OUTPUT`` in one step. A run that was interrupted, even killed, goes on where it stopped, and ends in the
same file as one that was not. What it cost lies beside it in ``OUTPUT.cost``.
"""

import json
import os
import platform
import time
from collections.abc import Callable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import joblib
import numpy as np
from tqdm.auto import tqdm

from relucones import checks

RESULTS = Path(__file__).with_name("results")  # the results that the book shows
_VERSIONS = ("relucones", "numpy", "scipy", "daqp", "clarabel", "scikit-learn", "torch")


@dataclass(frozen=True, eq=False)
class Experiment:
    """Many points, each computed by one call.

    Attributes
    ----------
    name : str
    settings : dict
        What every point has in common, stored in the result; JSON values only.
    points : list of dict
        The parameters of each point; JSON values only.
    compute : function
        ``compute(point, settings)`` returns a list of rows, dicts of JSON values; it must depend on nothing else, and
        be importable, so that other processes can call it.
    """

    name: str
    settings: dict
    points: list
    compute: Callable

    @property
    def header(self):
        """What identifies a run: name, settings and points, and the versions it is computed with."""
        return {
            "experiment": self.name,
            "settings": json.loads(json.dumps(self.settings)),
            "versions": _versions(),
            "points": len(self.points),
        }


def run(experiment, output, jobs=-1, scheduler=None, progress=True):
    """Compute all points that `output` does not have yet, and write the result there.

    Parameters
    ----------
    experiment : Experiment
    output : path-like
        The JSON file to write: the header, and all rows in the order of the points.
    jobs : int
        Processes on this machine; -1 for all cores.
    scheduler : str, optional
        The address of a Dask scheduler, ``tcp://host:8786``: its workers compute instead.
    progress : bool
        Show a progress bar.

    Returns
    -------
    dict
        What was written: the header with the `rows`, dicts.

    Raises
    ------
    ValueError
        If `output` or its partial file belongs to another experiment, other settings or other versions.
    """
    output = Path(output)
    if jobs != -1:
        jobs = checks.count(jobs, "jobs")
    if output.exists() and (kept := _stored(output, experiment)) is not None:
        return kept
    if not output.absolute().parent.is_dir():
        raise ValueError(f"output must lie in a folder that exists, but it is {output}")
    partial = output.with_name(output.name + ".partial")
    done = _resumed(partial, experiment)
    missing = [i for i in range(len(experiment.points)) if i not in done]
    with open(partial, "a", encoding="utf-8") as file, _backend(scheduler):
        results = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)(
            joblib.delayed(_timed)(experiment.compute, i, experiment.points[i], experiment.settings) for i in missing
        )
        bar = tqdm(results, total=len(experiment.points), initial=len(done), disable=not progress, desc=experiment.name)
        for i, rows, seconds in bar:
            done[i] = {"point": i, "rows": rows, "seconds": seconds}
            file.write(json.dumps(done[i]) + "\n")
            file.flush()
            os.fsync(file.fileno())
    ordered = [done[i] for i in range(len(experiment.points))]
    result = {**experiment.header, "rows": [row for point in ordered for row in point["rows"]]}
    cost = {"cpu_hours": round(sum(point["seconds"] for point in ordered) / 3600, 3), "machine": platform.machine()}
    _replace(output.with_name(output.name + ".cost"), json.dumps(cost) + "\n")
    _replace(output, _as_text(result))
    partial.unlink()
    return result


def load(path):
    """The header and the columns of a result, each column an array; numbers that a row lacks are nan.

    The header also tells what the run cost, under "cost", where that is known.

    Parameters
    ----------
    path : path-like or str
        The JSON file, or the name of an experiment whose result comes with the package.

    Raises
    ------
    ValueError
        If the file cannot be read or is no result.
    """
    path = RESULTS / f"{path}.json" if isinstance(path, str) and path in _shipped() else Path(path)
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        columns, rows = kept.pop("columns"), kept.pop("rows")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(f"path must be the result of an experiment, but {path} is none") from None
    with suppress(OSError):
        kept["cost"] = json.loads(path.with_name(path.name + ".cost").read_text(encoding="utf-8"))
    return kept, {name: _column([row[i] for row in rows]) for i, name in enumerate(columns)}


def _shipped():
    return [file.stem for file in RESULTS.glob("*.json")]


def _column(values):
    if any(isinstance(value, str) for value in values):
        return np.array(["" if value is None else value for value in values])
    if any(isinstance(value, (list, dict)) for value in values):
        return values
    return np.array([np.nan if value is None else value for value in values])


def _timed(compute, i, point, settings):
    start = time.process_time()
    rows = json.loads(json.dumps(compute(point, settings)))  # as they will be read
    return i, rows, round(time.process_time() - start, 3)


@contextmanager
def _backend(scheduler):
    """The workers of the Dask scheduler at this address, or processes of this machine with one thread each."""
    if scheduler is None:
        with joblib.parallel_config("loky", inner_max_num_threads=1):
            yield
        return
    try:
        from distributed import Client
    except ImportError:
        raise ValueError("scheduler needs Dask: pip install distributed") from None
    try:
        client = Client(scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        raise ValueError(f"scheduler {scheduler} does not answer: {error}") from None
    with client, joblib.parallel_config("dask"):
        yield


def _stored(output, experiment):
    """The complete result in `output`; a ValueError if it is one of something else."""
    try:
        kept = json.loads(output.read_text(encoding="utf-8"))
        header = {key: kept[key] for key in experiment.header}
        columns, rows = kept.pop("columns"), kept["rows"]
        kept["rows"] = [{k: v for k, v in zip(columns, row, strict=True) if v is not None} for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        raise ValueError(f"{output} exists and holds no result of an experiment; choose another --output") from None
    _same(header, experiment, output)
    return kept


def _resumed(partial, experiment):
    """The points that an earlier run finished; the file is left ending with a whole line, its header included."""
    done, whole = {}, []
    if partial.exists():
        for line in partial.read_text(encoding="utf-8").splitlines(keepends=True):
            if not line.endswith("\n"):  # the run was killed while it wrote this
                break
            whole.append(line)
    if whole:
        _same(_parsed(whole[0], partial), experiment, partial)
        for line in whole[1:]:
            entry = _parsed(line, partial)
            done[entry["point"]] = entry
    else:
        whole = [json.dumps(experiment.header) + "\n"]
    _replace(partial, "".join(whole))
    return done


def _parsed(line, path):
    try:
        return json.loads(line)
    except ValueError:
        raise ValueError(f"{path} is damaged; delete it to start again") from None


def _same(header, experiment, path):
    for key, expected in experiment.header.items():
        if header.get(key) != expected:
            raise ValueError(f"{path} is from another run: its {key} differ; delete it, or choose another --output")


def _as_text(result):
    """JSON with the names of the columns once, and one row a line."""
    columns = list(dict.fromkeys(key for row in result["rows"] for key in row))
    header = {key: value for key, value in result.items() if key != "rows"}
    rows = ",\n".join(json.dumps([row.get(key) for key in columns]) for row in result["rows"])
    head = json.dumps({**header, "columns": columns}, indent=1).removesuffix("\n}")
    return f'{head},\n "rows": [\n{rows}\n]}}\n'


def _replace(path, text):
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _versions():
    found = {"python": platform.python_version()}
    for name in _VERSIONS:
        with suppress(PackageNotFoundError):
            found[name] = version(name).split("+")[0]  # the build does not matter
    return found
