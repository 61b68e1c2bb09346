"""Long experiments as many independent points: computed in parallel, stored, resumed.

A run appends every finished point to ``OUTPUT.partial``, one line of JSON each; when all points are
there, the result is written to ``OUTPUT`` in one step. A run that was interrupted, even killed,
goes on where it stopped, and ends in the same file as one that was not. What it cost lies beside it
in ``OUTPUT.cost``. One run at a time holds an output: the lock is on the partial file itself, and
ends with the process.
"""

import json
import os
import platform
import threading
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
from relucones.checks import BadInput

try:
    import fcntl
except ImportError:  # Windows: without a lock
    fcntl = None

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
        ``compute(point, settings)`` returns a list of rows, dicts of JSON values; it must depend on
        nothing else, and be importable, so that other processes can call it.
    """

    name: str
    settings: dict
    points: list
    compute: Callable

    @property
    def header(self):
        """What identifies a run: name, settings, points, and the versions it runs with."""
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
        If `output` or its partial file is damaged, belongs to another experiment, other settings or
        other versions, cannot be written, or is being computed by another run.
    """
    output = Path(output)
    if jobs != -1:
        jobs = checks.count(jobs, "jobs")
    if not output.absolute().parent.is_dir():
        raise BadInput(f"output must lie in a folder that exists, but it is {output}")
    if output.exists():
        return _stored(output, experiment)
    partial = output.with_name(output.name + ".partial")
    with _held(partial, output) as file:
        if output.exists():  # another run ended while this one began
            partial.unlink()
            return _stored(output, experiment)
        done = _resumed(file, partial, experiment)
        _compute(experiment, done, file, jobs, scheduler, progress)
        result = _finished(experiment, done, output)
        partial.unlink()
    return result


def _compute(experiment, done, file, jobs, scheduler, progress):
    """Compute the points not in `done`; each goes there and to the partial file."""
    missing = [i for i in range(len(experiment.points)) if i not in done]
    with _backend(scheduler):
        results = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)(
            joblib.delayed(_timed)(experiment.compute, i, experiment.points[i], experiment.settings)
            for i in missing
        )
        bar = tqdm(
            results,
            total=len(experiment.points),
            initial=len(done),
            disable=not progress,
            desc=experiment.name,
        )
        for i, rows, seconds in bar:
            done[i] = {"point": i, "rows": rows, "seconds": seconds}
            _append(file, json.dumps(done[i]) + "\n")


def _finished(experiment, done, output):
    """The result of all points, written to `output`, and what it cost beside it."""
    ordered = [done[i] for i in range(len(experiment.points))]
    result = {**experiment.header, "rows": [row for point in ordered for row in point["rows"]]}
    cost = {
        "cpu_hours": round(sum(point["seconds"] for point in ordered) / 3600, 3),
        "machine": platform.machine(),
    }
    _replace(output.with_name(output.name + ".cost"), json.dumps(cost) + "\n")
    _replace(output, _as_text(result))
    return result


def load(path):
    """The header and the columns of a result as arrays; numbers that a row lacks are nan.

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
        table = {name: _column([row[i] for row in rows]) for i, name in enumerate(columns)}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise BadInput(f"path must be the result of an experiment, but {path} is none") from None
    with suppress(OSError, ValueError):
        kept["cost"] = json.loads(path.with_name(path.name + ".cost").read_text(encoding="utf-8"))
    return kept, table


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


def _end_with(parent):
    """End this process soon after its parent: one that is killed cannot stop its workers."""

    def watch():
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


@contextmanager
def _held(partial, output):
    """The partial file, opened for this run alone."""
    while True:
        with _told_if_unwritable(partial):
            file = open(partial, "ab+", buffering=0)  # noqa: SIM115 (closed below)
        with file:
            try:
                if fcntl:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise BadInput(
                    f"output must be no other run's, but {output} is being computed by one: wait "
                    "for it, or choose another"
                ) from None
            except OSError:  # a file system without locks
                pass
            # A run that ended just now has removed the file that was opened here.
            if partial.exists() and os.path.samestat(os.fstat(file.fileno()), partial.stat()):
                yield file
                return


@contextmanager
def _told_if_unwritable(path):
    try:
        yield
    except OSError as error:
        raise BadInput(
            f"output must be a file that can be written, but {path} cannot: {error.strerror}"
        ) from None


def _append(file, text):
    """Write all of `text` to the end of an unbuffered file, and to the disk."""
    left = memoryview(text.encode())
    with _told_if_unwritable(file.name):
        while left:
            left = left[file.write(left) :]
        os.fsync(file.fileno())


@contextmanager
def _backend(scheduler):
    """The workers of this Dask scheduler, or processes here with one thread each."""
    if scheduler is None:
        watched = {"initializer": _end_with, "initargs": (os.getpid(),)}
        with joblib.parallel_config("loky", inner_max_num_threads=1, **watched):
            yield
        return
    try:
        from distributed import Client
    except ImportError:
        raise BadInput("scheduler needs Dask: pip install distributed") from None
    try:
        client = Client(scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        raise BadInput(f"scheduler {scheduler} does not answer: {error}") from None
    with client, joblib.parallel_config("dask"):
        yield


def _stored(output, experiment):
    """The complete result in `output`; a ValueError if it is one of something else."""
    try:
        kept = json.loads(output.read_text(encoding="utf-8"))
        header = {key: kept[key] for key in experiment.header}
        columns, rows = kept.pop("columns"), kept["rows"]
        if not all(isinstance(row, list) for row in rows):
            raise TypeError
        kept["rows"] = [
            {k: v for k, v in zip(columns, row, strict=True) if v is not None} for row in rows
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadInput(
            f"{output} exists and holds no result of an experiment; choose another --output"
        ) from None
    _same(header, experiment, output)
    return kept


def _resumed(file, partial, experiment):
    """The points that an earlier run finished; the file is left ending with a whole line."""
    file.seek(0)
    content, header = file.read(), (json.dumps(experiment.header) + "\n").encode()
    # A run that was killed while it wrote leaves a line without an end.
    whole = content[: content.rfind(b"\n") + 1]
    lines = [_parsed(line, partial) for line in whole.splitlines()]
    if lines:
        _same(lines[0], experiment, partial)
        if not all(_is_point(entry, experiment) for entry in lines[1:]):
            raise _damaged(partial)
    elif not header.startswith(content):
        raise _damaged(partial)
    with _told_if_unwritable(partial):
        file.truncate(len(whole))
    if not lines:
        _append(file, header.decode())
    return {entry["point"]: entry for entry in lines[1:]}


def _is_point(entry, experiment):
    """Whether this is what a run writes of a point."""
    try:
        number, rows, seconds = entry["point"], entry["rows"], entry["seconds"]
    except (KeyError, TypeError):
        return False
    return (
        type(number) is int
        and 0 <= number < len(experiment.points)
        and isinstance(rows, list)
        and all(isinstance(row, dict) for row in rows)
        and isinstance(seconds, (int, float))
    )


def _parsed(line, path):
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        raise _damaged(path) from None


def _damaged(path):
    return BadInput(f"{path} is damaged, or not of a run; delete it to start again")


def _same(header, experiment, path):
    if not isinstance(header, dict) or "experiment" not in header:
        raise _damaged(path)
    for key, expected in experiment.header.items():
        if header.get(key) != expected:
            raise BadInput(
                f"{path} is from another run: its {key} differ; delete it, or choose another "
                "--output"
            )


def _as_text(result):
    """JSON with the names of the columns once, and one row a line."""
    columns = list(dict.fromkeys(key for row in result["rows"] for key in row))
    header = {key: value for key, value in result.items() if key != "rows"}
    rows = ",\n".join(json.dumps([row.get(key) for key in columns]) for row in result["rows"])
    head = json.dumps({**header, "columns": columns}, indent=1).removesuffix("\n}")
    return f'{head},\n "rows": [\n{rows}\n]}}\n'


def _replace(path, text):
    temporary = path.with_name(path.name + ".tmp")
    with _told_if_unwritable(path):
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)


def _versions():
    found = {"python": platform.python_version()}
    for name in _VERSIONS:
        with suppress(PackageNotFoundError):
            found[name] = version(name).split("+")[0]  # the build does not matter
    return found
