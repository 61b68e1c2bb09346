"""The convex programs: faces, the dual constraint, the solvers, and certificates from the dual.

Taught in the chapters on the convex program of one cone and of the whole landscape.
"""

from .certificate import Certificate, certify, shortest_subgradient
from .climbing import Ascent, faces_of
from .cone_program import ConeProgram
from .dual import dual_bound, exact_loss, lambda_max
from .faces import Faces, Maximisers
from .programs import solve_cone, solve_global
from .proof_writing import write_proof
from .solution import Solution

__all__ = [
    "Ascent",
    "Certificate",
    "ConeProgram",
    "Faces",
    "Maximisers",
    "Solution",
    "certify",
    "dual_bound",
    "exact_loss",
    "faces_of",
    "lambda_max",
    "shortest_subgradient",
    "solve_cone",
    "solve_global",
    "write_proof",
]
