import numpy as np
import pytest


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    """Twenty patients of the diabetes study: body mass, blood pressure, sugar, progress."""
    from sklearn.datasets import load_diabetes

    source = load_diabetes(scaled=False)
    rows = np.random.default_rng(0).choice(len(source.target), 20, replace=False)
    columns = [source.feature_names.index(name) for name in ("bmi", "bp", "s6")]
    values = np.column_stack([source.data[np.ix_(rows, columns)], source.target[rows]])
    path = tmp_path_factory.mktemp("table") / "diabetes.csv"
    np.savetxt(path, values, delimiter=",", header="bmi,bp,s6,progression", comments="", fmt="%.6g")
    return path
