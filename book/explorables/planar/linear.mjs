// A little linear algebra on plain arrays. A matrix is a list of its columns.

export const dot = (a, b) => {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
};

export const norm = (a) => Math.sqrt(dot(a, a));

/** a + t b, as a new array. */
export const plus = (a, b, t = 1) => {
  const sum = a.slice();
  for (let i = 0; i < sum.length; i++) sum[i] += t * b[i];
  return sum;
};

/** The sum of columns with coefficients, added to a copy of `start`. */
export const combined = (columns, c, start) => {
  const sum = start.slice();
  for (let j = 0; j < columns.length; j++) {
    const column = columns[j];
    for (let i = 0; i < sum.length; i++) sum[i] += c[j] * column[i];
  }
  return sum;
};

export const total = (a) => a.reduce((sum, value) => sum + value, 0);

/** How far a unit column must stand off the span of others to count as independent of them. */
export const INDEPENDENT = 1e-9;

/**
 * Independent columns that grow and shrink: their orthonormal basis Q and the triangle R of
 * G = Q R, by Gram and Schmidt, done twice, so that Q is orthonormal to rounding.
 */
export class Span {
  constructor() {
    this.columns = [];
    this.Q = [];
    this.R = []; // R[j] is column j of the triangle, of length j + 1
  }

  copy() {
    const other = new Span();
    other.columns = this.columns.slice();
    other.Q = this.Q.slice();
    other.R = this.R.slice();
    return other;
  }

  /** The part of a vector off the span, and what it has along the basis. */
  split(vector) {
    const along = new Array(this.Q.length).fill(0);
    const off = vector.slice();
    for (let pass = 0; pass < 2; pass++) {
      for (let i = 0; i < along.length; i++) {
        const q = this.Q[i];
        const share = dot(q, off);
        along[i] += share;
        for (let k = 0; k < off.length; k++) off[k] -= share * q[k];
      }
    }
    return { off, along };
  }

  /** Take one more column; false, and nothing done, where it depends on the others. */
  add(column) {
    const { off, along } = this.split(column);
    const size = norm(off);
    if (!(size > INDEPENDENT * norm(column))) return false;
    this.columns.push(column);
    this.Q.push(off.map((value) => value / size));
    this.R.push([...along, size]);
    return true;
  }

  /** Leave out column number j. */
  remove(j) {
    const later = this.columns.splice(j).slice(1);
    this.Q.length = this.R.length = j;
    for (const column of later) this.add(column);
  }

  /** x with R x = b. */
  solve(b) {
    const x = b.slice();
    for (let j = x.length - 1; j >= 0; j--) {
      x[j] /= this.R[j][j];
      for (let i = 0; i < j; i++) x[i] -= this.R[j][i] * x[j];
    }
    return x;
  }

  /** x with R' x = b. */
  solveTransposed(b) {
    const x = b.slice();
    for (let j = 0; j < x.length; j++) {
      for (let i = 0; i < j; i++) x[j] -= this.R[j][i] * x[i];
      x[j] /= this.R[j][j];
    }
    return x;
  }

  /** The coefficients of the point of the span that is nearest to a vector. */
  coefficients(vector) {
    return this.solve(this.split(vector).along);
  }
}

/**
 * Solve H x = g for a positive semidefinite H by Cholesky, after scaling its diagonal to one; a
 * ridge of some roundings keeps it going where H is singular.
 */
export function solvePositive(H, g) {
  const size = g.length;
  const scale = H.map((row, i) => 1 / Math.sqrt(Math.max(row[i], 1e-300)));
  const L = H.map((row, i) => row.map((value, j) => value * scale[i] * scale[j]));
  const x = g.map((value, i) => value * scale[i]);
  for (let j = 0; j < size; j++) {
    for (let i = j; i < size; i++) {
      for (let k = 0; k < j; k++) L[i][j] -= L[i][k] * L[j][k];
      if (i === j) L[j][j] = Math.sqrt(Math.max(L[j][j], 0) + 1e-14);
      else L[i][j] /= L[j][j];
    }
  }
  for (let j = 0; j < size; j++) {
    for (let k = 0; k < j; k++) x[j] -= L[j][k] * x[k];
    x[j] /= L[j][j];
  }
  for (let j = size - 1; j >= 0; j--) {
    for (let k = j + 1; k < size; k++) x[j] -= L[k][j] * x[k];
    x[j] /= L[j][j];
  }
  return x.map((value, i) => value * scale[i]);
}
