// The least regularised loss of networks of any width on points in the plane, with its proof.
//
// A network is a sum of few signed directions u_i with weights c_i > 0; balanced, it costs
//   L = |sum_i c_i s_i relu(X u_i) - y|^2 / n + 2 lam sum_i c_i.
// Cutting planes: solve over a pool of directions, look at the peaks of the dual function, add
// those that stand out of the band |h| <= 2 lam. Near the end, Newton's method moves the directions
// inside their cells, all together. Every residual proves a lower bound; the best one is kept.

import { angleOf } from "./arrangement.mjs";
import { column, columnOnRay, insideCell, peaks, provedBy } from "./dual.mjs";
import { combined, dot, norm, plus, solvePositive, total } from "./linear.mjs";
import { project } from "./projection.mjs";

const MOST_PASSES = 150;
const PATIENCE = 6; // passes that do not narrow the gap, after which rounding is the limit
const NEAR = 1.5; // the largest peak, in units of the band, below which Newton's method is tried
const MOST_ROUNDS = 20; // of Newton's method
const CONVERGED = 1e-27; // the relative gain of a step after which the next one moves nothing
const ROUNDING_OF_LOSS = 1e-14;
const ROUNDING = 4e-16;

/**
 * Solve the problem on the arrangement `A` with labels `y` and weight decay `lam`.
 *
 * Returns `columns` (signed directions) with their weights `c`; `value`, the loss of that network,
 * computed from its weights; `bound`, below the loss of every network up to rounding; `gap`;
 * `nu`, the dual vector behind the bound; `fit`; `residual`; `passes`.
 */
export function solve(A, y, lam, tolerance = 1e-13) {
  const price = y.length * lam;
  const pool = [];
  let best = described(A, y, lam, { columns: [], c: [], residual: y.slice() });
  let proof = { bound: -Infinity, nu: null };
  let { residual, columns } = best;
  let narrowest = Infinity;
  let waited = 0;
  let passes = 0;
  for (; passes < MOST_PASSES; passes++) {
    const standing = peaks(A, residual, price);
    const proved = provedBy(residual, y, lam, standing[0]?.value ?? price);
    if (proved.bound > proof.bound) proof = proved;
    const gap = best.value - proof.bound;
    waited = gap < 0.9 * narrowest ? 0 : waited + 1;
    narrowest = Math.min(narrowest, gap);
    const settled = gap <= tolerance * best.value && (best.c.length || !standing.length);
    if (settled || !standing.length || waited > PATIENCE) break;
    grow(pool, standing);
    let found = restricted(pool, y, price, columns);
    if (standing[0].value < NEAR * price || waited) {
      const moved = newton(A, found, y, lam);
      if (moved.length) {
        grow(pool, [...moved, ...boundaries(A, moved)]);
        found = restricted(pool, y, price, moved);
      }
    }
    ({ residual, columns } = found);
    const candidate = described(A, y, lam, found);
    if (candidate.value < best.value || !best.c.length) best = candidate;
    if (pool.length > 40 * y.length) thin(pool, residual);
  }
  if (best.c.length) {
    best = onFewest(A, y, lam, onFewest(A, y, lam, best));
    const highest = peaks(A, best.residual, price)[0]?.value ?? price;
    const proved = provedBy(best.residual, y, lam, highest);
    if (proved.bound > proof.bound) proof = proved;
  }
  const bound = Math.min(proof.bound, best.value);
  return { ...best, bound, gap: best.value - bound, nu: proof.nu, passes };
}

/**
 * The same optimum on as few columns as it has faces. In the pool stand columns of earlier passes,
 * and where many optima exist the best network may use two that are nearly one.
 */
function onFewest(A, y, lam, best) {
  const moved = newton(A, best, y, lam);
  const found = restricted(moved, y, y.length * lam, moved);
  const candidate = described(A, y, lam, found);
  return candidate.value <= best.value * (1 + ROUNDING_OF_LOSS) ? candidate : best;
}

/** The optimum over the pool, from a guess of the columns it uses. */
function restricted(pool, y, price, guess) {
  const places = guess
    .map(({ u, sign }) => pool.findIndex((col) => same(col, u, sign)))
    .filter((place) => place >= 0);
  const { used, c, residual } = project(
    y,
    pool.map((col) => col.fit),
    price,
    places,
  );
  return { columns: used.map((i) => pool[i]), c, residual };
}

const same = (col, u, sign) =>
  col.sign === sign && Math.abs(col.u[0] - u[0]) + Math.abs(col.u[1] - u[1]) < 1e-15;

/** Add columns that the pool does not hold and that are not zero on all points. */
function grow(pool, columns) {
  for (const col of columns) {
    const known = pool.some((other) => same(other, col.u, col.sign));
    if (!known && norm(col.fit) > 0) pool.push(col);
  }
}

/** Keep the half of the pool that pays best. */
function thin(pool, residual) {
  pool.sort((a, b) => dot(b.fit, residual) - dot(a.fit, residual));
  pool.length = Math.ceil(pool.length / 2);
}

/** The directions on both rays of the cells that columns lie in: where an optimum may rather be. */
function boundaries(A, columns) {
  return columns
    .filter((col) => col.ray < 0)
    .flatMap(({ cells: [i], sign }) => {
      const { from, to } = A.cells[i];
      return [columnOnRay(A, from, sign), columnOnRay(A, to, sign)];
    });
}

/** The balanced network of columns: inner weights W and outer weights a. */
export function network({ columns, c }) {
  const W = columns.map(({ u }, j) => u.map((value) => Math.sqrt(c[j]) * value));
  return { W, a: columns.map(({ sign }, j) => sign * Math.sqrt(c[j])) };
}

/** The regularised loss of a network, from its weights alone. */
export function loss({ W, a }, X, y, lam) {
  const misfits = X.map(
    (x, k) => W.reduce((sum, w, j) => sum + a[j] * Math.max(dot(x, w), 0), 0) - y[k],
  );
  return dot(misfits, misfits) / y.length + lam * (total(W.map((w) => dot(w, w))) + dot(a, a));
}

/** A solution: the columns of some weight in order of their angle, the loss of their network. */
function described(A, y, lam, { columns, c, residual }) {
  const least = 1e-13 * Math.max(...c, 0);
  const kept = columns.map((_, j) => j).filter((j) => c[j] > least);
  kept.sort((i, j) => angleOf(columns[i].u) - angleOf(columns[j].u));
  const found = { columns: kept.map((j) => columns[j]), c: kept.map((j) => c[j]), residual };
  const fit = combined(
    found.columns.map((col) => col.fit),
    found.c,
    y.map(() => 0),
  );
  return { ...found, fit, value: loss(network(found), A.X, y, lam) };
}

/**
 * Newton's method inside the faces. Columns of one face and sign are added up first, which never
 * raises the penalty. What is left is smooth: a vector v = z1 e1 + z2 e2 for every cell that is
 * used, a length z for every ray, and the loss |F z - y|^2 / n + 2 lam sum |v|. Returns the moved
 * columns.
 */
function newton(A, { columns, c }, y, lam) {
  const n = y.length;
  const groups = addedUp(A, columns, c);
  const owner = groups.flatMap((group, j) => group.basis.map(() => j));
  const features = groups.flatMap((group) => group.basis.map((e) => featuresOf(A, group, e)));
  const offsets = groups.map((_, j) => owner.indexOf(j));
  const gram = features.map((f) => features.map((g) => (2 / n) * dot(f, g)));
  const start = y.map((value) => -value);
  const vectors = (z) =>
    groups.map(({ basis }, j) =>
      basis.reduce((v, e, q) => plus(v, e, z[offsets[j] + q]), [0, 0]),
    );
  const objective = (z) => {
    const r = combined(features, z, start);
    return dot(r, r) / n + 2 * lam * total(vectors(z).map(norm));
  };
  let z = groups.flatMap(({ v, basis }) => basis.map((e) => dot(v, e)));
  let now = objective(z);
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const V = vectors(z);
    const lengths = V.map(norm);
    const r = combined(features, z, start);
    const gradient = z.map(
      (value, p) => (2 / n) * dot(features[p], r) + (2 * lam * value) / lengths[owner[p]],
    );
    const hessian = gram.map((row, p) =>
      row.map((value, q) => {
        if (owner[p] !== owner[q]) return value;
        const length = lengths[owner[p]];
        return value + (2 * lam * ((p === q ? 1 : 0) - (z[p] * z[q]) / length ** 2)) / length;
      }),
    );
    const step = solvePositive(hessian, gradient).map((value) => -value);
    const share = room(A, groups, V, vectors(step));
    if (share < 1e-4 || !step.every(Number.isFinite)) break; // the optimum is not on these faces
    const next = better(objective, z, step, share, now);
    if (!next) break;
    ({ z, value: now } = next);
    if (share === 1 && -dot(gradient, step) <= CONVERGED * now) break;
  }
  return vectors(z).map((v, j) => {
    const { ray, cells, sign } = groups[j];
    return ray < 0
      ? column(
          A,
          v.map((value) => value / norm(v)),
          sign,
          cells,
          ray,
        )
      : columnOnRay(A, ray, sign);
  });
}

function addedUp(A, columns, c) {
  const groups = new Map();
  columns.forEach((col, j) => {
    const key = `${col.sign} ${col.ray} ${col.cells}`;
    const { v } = groups.get(key) ?? { v: [0, 0] };
    const basis =
      col.ray < 0
        ? [
            [1, 0],
            [0, 1],
          ]
        : [A.rays[col.ray].u];
    groups.set(key, {
      sign: col.sign,
      ray: col.ray,
      cells: col.cells,
      basis,
      v: plus(v, col.u, c[j]),
    });
  });
  return [...groups.values()];
}

/** What a unit of the coordinate along e adds to the fit. */
function featuresOf(A, { sign, ray, cells }, e) {
  const { active } = A.cells[cells[cells.length - 1]];
  const zero = ray < 0 ? [] : A.rays[ray].points;
  return A.X.map((x, k) => (active[k] && !zero.includes(k) ? sign * dot(x, e) : 0));
}

/** The largest share of a step that stays inside all faces, or 1. */
function room(A, groups, V, steps) {
  let share = 1;
  groups.forEach(({ ray, cells }, j) => {
    const stays = (t) => {
      const v = plus(V[j], steps[j], t);
      return ray < 0 ? insideCell(A, A.cells[cells[0]], v) : dot(v, A.rays[ray].u) > 0;
    };
    while (share > 1e-5 && !stays(share)) share /= 2;
  });
  return share;
}

/** The first of the halved steps that does not raise the objective; null where all do. */
function better(objective, z, step, share, now) {
  for (let halving = 0; halving < 12; halving++) {
    const next = plus(z, step, share * 0.5 ** halving);
    const value = objective(next);
    if (value <= now * (1 + ROUNDING)) return { z: next, value };
  }
  return null;
}
