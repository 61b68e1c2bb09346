"""What the experiments share: rows about coupons, rows about ends of training, data by name."""

from itertools import product

import numpy as np

from relucones import data, find_coupons

SHARES = (0.5, 0.99)
MOST_STEPS = 20_000  # a run that has not ended by then is called not converged


def rows_by_decay(X, y, point, decays, faces):
    """For every lambda the row begun and the coupons; None where the gap stays open, which the row
    then says."""
    for lam in decays:
        row, coupons = {**point, "lam": lam}, None
        try:
            coupons = find_coupons(X, y, lam, faces=faces)
        except ValueError as error:
            row["refused"] = str(error)
        yield row, coupons


def ends(runs):
    """Where every run of an ensemble ended, with its certificate."""
    traces, rows = runs.traces, []
    for r, certificate in enumerate(runs.certificates):
        row = {
            "run": r,
            "stop": runs.stop_reason[r],
            "loss": runs.losses[r],
            "optimum": runs.optimum.value,
            "gap": rounded(runs.losses[r] / runs.optimum.value - 1, 9),
            "bound": certificate.lower_bound,
            "stationarity": rounded(certificate.stationarity, 3),
            "effective rank": round(float(traces.effective_rank[r, -1]), 4),
            "positive": int(traces.merged_positive[r, -1]),
            "negative": int(traces.merged_negative[r, -1]),
            "steps": int(runs.steps[r]),
            "time": rounded(runs.time[r], 6),
        }
        rows.append({key: float(v) if isinstance(v, np.floating) else v for key, v in row.items()})
    return rows


def teacher_or_patients(kind, n, d, seed):
    """Gaussian points with a teacher's labels, or patients of the diabetes data."""
    return (
        data.gaussian_teacher(n, d, seed=seed)
        if kind == "teacher"
        else data.real("diabetes", n, d, seed=seed)
    )


def trained(point, X, y, lam, m, scales, starts, **options):
    """Every start at every scale: the ensemble, where it started, and a row for each run, begun
    with `point`."""
    from relucones.training import initialise, train

    grid = list(product(scales, starts))
    alphas, numbers = zip(*grid, strict=True)
    start = initialise(m, X.shape[1], np.array(alphas), numbers, point["seed"])
    runs = train(X, y, lam, start=start, max_steps=MOST_STEPS, **options)
    rows = [
        {**point, "alpha": alpha, **row, "run": run}
        for (alpha, run), row in zip(grid, ends(runs), strict=True)
    ]
    return runs, start, rows


def rounded(value, digits):
    """The value to that many significant digits."""
    return float(f"{value:.{digits}g}")
