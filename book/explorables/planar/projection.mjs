// The nearest point of a polyhedron {r : g_i'r <= p_i}, by the dual method of Goldfarb and Idnani.
//
// The residual r = y - sum c_i g_i of the best network over given columns is the projection of the
// labels y on the residuals at which no column pays: each g_i'r is at most its price p_i. The
// coefficients c_i are the multipliers. The method takes one violated constraint at a time; while
// its multiplier grows, others that fall to zero are let go. The distance to y grows with every
// step, so none of the sets of active constraints comes back, and a column that depends on the
// active ones is no exception: it is exchanged for one of them.

import { Span, combined, dot, norm, plus } from "./linear.mjs";

const MOST_STEPS = 2000;

/**
 * Project `target` on {r : fits[i]'r <= price for all i}, from a guess of the active constraints.
 *
 * Returns `used` (places of the active constraints, linearly independent), their positive
 * multipliers `c`, and the `residual`.
 */
export function project(target, fits, price, guess = []) {
  const sizes = fits.map(norm);
  const columns = fits.map((fit, i) => fit.map((value) => value / sizes[i]));
  const prices = sizes.map((size) => price / size);
  const rounding = 4e-16 * norm(target);
  const span = new Span();
  const first = guess.filter((i) => span.add(columns[i]));
  let state = settled({ used: first, span }, prices, target);
  const refused = new Set();
  for (let step = 0; step < MOST_STEPS; step++) {
    const worst = mostViolated(columns, prices, state, refused, rounding);
    if (worst < 0) break;
    const next = admitted(columns, prices, target, state, worst);
    if (next) {
      state = next;
      refused.clear();
    } else refused.add(worst); // rounding alone says that it is violated
  }
  const { used, c, residual } = state;
  return { used, c: c.map((value, j) => value / sizes[used[j]]), residual };
}

function mostViolated(columns, prices, { used, residual }, refused, rounding) {
  let worst = -1;
  let most = 0;
  columns.forEach((column, i) => {
    if (used.includes(i) || refused.has(i)) return;
    const excess = dot(column, residual) - prices[i];
    if (excess > most && excess > 1e-13 * prices[i] + rounding) {
      most = excess;
      worst = i;
    }
  });
  return worst;
}

/** The state with constraint number p made active; null where no progress is possible. */
function admitted(columns, prices, target, state, p) {
  const column = columns[p];
  const used = state.used.slice();
  let c = state.c.slice();
  const span = state.span.copy();
  let { residual } = state;
  let own = 0; // the multiplier of p
  for (;;) {
    const { off, along } = span.split(column);
    const share = span.solve(along);
    const free = dot(off, off);
    const excess = dot(column, residual) - prices[p];
    const whole = free > 1e-18 ? excess / free : Infinity;
    let leaving = -1;
    let step = whole;
    share.forEach((value, j) => {
      if (value > 1e-14 && c[j] / value < step) {
        step = c[j] / value;
        leaving = j;
      }
    });
    if (step === Infinity) return null;
    own += step;
    c = plus(c, share, -step);
    residual = free > 1e-18 ? plus(residual, off, -step) : residual;
    if (leaving < 0) {
      if (!span.add(column)) return null;
      return settled({ used: [...used, p], span }, prices, target);
    }
    used.splice(leaving, 1);
    c.splice(leaving, 1);
    span.remove(leaving);
  }
}

/** The exact multipliers and residual of a set of active constraints, without cancellation. */
function settled({ used, span }, prices, target) {
  for (;;) {
    const { off, along } = span.split(target);
    const costs = span.solveTransposed(used.map((i) => prices[i]));
    const c = span.solve(along.map((value, j) => value - costs[j]));
    const spare = c.findIndex((value) => !(value > 0)); // zero to rounding
    if (spare < 0) {
      return { used, c, span, residual: combined(span.Q, costs, off) };
    }
    used = used.filter((_, j) => j !== spare);
    span.remove(spare);
  }
}

/**
 * Non-negative coefficients that write `target` with the given columns, zeros included; null where
 * there are none.
 */
export function writtenBy(columns, target) {
  const { used, c, residual } = project(target, columns, 0);
  if (norm(residual) > 1e-8 * norm(target)) return null;
  const all = columns.map(() => 0);
  used.forEach((i, j) => {
    all[i] = c[j];
  });
  return all;
}
