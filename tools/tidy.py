"""Store the notebooks as the rules want them: no outputs, no counts, nothing of one's own editor.

Cells tagged both ``keep_output`` and ``nbval-check-output`` keep their output.
"""

import sys
from pathlib import Path

import nbformat

BOOK = Path(__file__).resolve().parents[1] / "book"
KEPT = {"keep_output", "nbval-check-output"}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
CELL_METADATA = {"tags", "mystnb"}


def tidy(notebook):
    notebook.metadata = nbformat.from_dict(
        {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for cell in notebook.cells:
        cell.setdefault("id", nbformat.v4.new_code_cell().id)
        cell.metadata = nbformat.from_dict(
            {k: v for k, v in cell.metadata.items() if k in CELL_METADATA}
        )
        cell.source = "\n".join(line.rstrip() for line in cell.source.rstrip().splitlines())
        if cell.cell_type == "code":
            cell.execution_count = None
            if not set(cell.metadata.get("tags", [])) >= KEPT:
                cell.outputs = []
            for output in cell.outputs:
                output.pop("execution_count", None)
                if output.output_type == "execute_result":
                    output["execution_count"] = None
    return notebook


def main(paths):
    for path in paths or sorted(BOOK.glob("**/*.ipynb")):
        before = Path(path).read_text(encoding="utf-8")
        after = nbformat.writes(tidy(nbformat.read(path, as_version=4)), indent=1) + "\n"
        if after != before:
            Path(path).write_text(after, encoding="utf-8")
            print(f"tidied {path}")


if __name__ == "__main__":
    main(sys.argv[1:])
