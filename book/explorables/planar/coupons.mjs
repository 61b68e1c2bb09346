// The coupons of an optimum, and how likely a random cone of width m holds what it needs.
//
// Every optimum has the same fit, and its neurons lie where the dual function touches its band.
// Each of these directions is a coupon; it is held by the signed cells whose closure contains it.
// The sets of coupons that suffice (`supports`) are the minimal ones that can write the fit.

import { peaks } from "./dual.mjs";
import { Span, norm } from "./linear.mjs";
import { writtenBy } from "./projection.mjs";

const TOUCHES = 1e-9; // the relative distance to the band below which a peak is taken to touch it
const SURELY_APART = 1e-7; // above which it surely does not
const MOST_COUPONS = 14; // whose subsets are listed
const MOST_SETS = 400; // of coupons that are looked at, before the list is given up

/**
 * The coupons of a `solution` of `solve`.
 *
 * Returns `columns`, the directions that some optimum uses; `supports`, the sets of their places
 * that suffice, null where they are too many to list (`most` says when); `sure`, false where it
 * stays open to rounding whether one more direction touches the band; `mass`, the probability that
 * one draw gives a coupon, by `counting` signed cells and by `gaussian` weights with fair signs.
 */
export function couponsOf(A, solution, lam, most = MOST_SETS) {
  const { columns, sure } = touching(A, solution, lam);
  const fits = columns.map((col) => col.fit);
  let supports = fits.length ? supportsOf(fits, solution.fit, most) : [[]];
  let kept = columns.map((_, i) => i);
  if (supports) {
    kept = kept.filter((i) => supports.some((support) => support.includes(i)));
    supports = supports.map((support) => support.map((i) => kept.indexOf(i)));
  }
  const coupons = kept.map((i) => columns[i]);
  const width = (cells) => cells.reduce((sum, i) => sum + A.cells[i].width, 0);
  return {
    columns: coupons,
    supports,
    sure,
    mass: {
      counting: coupons.map(({ cells }) => cells.length / (2 * A.cells.length)),
      gaussian: coupons.map(({ cells }) => width(cells) / (4 * Math.PI)),
    },
  };
}

/** The directions at which the dual function touches its band; first those that are used. */
function touching(A, { columns, residual }, lam) {
  if (!columns.length) return { columns: [], sure: true };
  const price = residual.length * lam;
  const near = peaks(A, residual, price * (1 - SURELY_APART));
  const own = columns.map((col) => near.find((peak) => sameCoupon(peak, col)) ?? col);
  const all = own.filter((col, j) => own.findIndex((other) => sameCoupon(other, col)) === j);
  const others = near.filter((peak) => !all.some((col) => sameCoupon(peak, col)));
  const tight = others.filter((peak) => peak.value > price * (1 - TOUCHES));
  return { columns: [...all, ...tight], sure: tight.length === others.length };
}

/** One closed signed cell holds at most one coupon: with a common cell, two are the same. */
const sameCoupon = (a, b) => a.sign === b.sign && a.cells.some((i) => b.cells.includes(i));

/**
 * The minimal sets of columns that write `fit` with positive coefficients, as lists of places: the
 * vertices of the polytope of optima. One independent set has one way; from a dependent set one
 * column after the other is left out, where the rest still can. Null where they are too many.
 */
function supportsOf(fits, fit, most) {
  const found = new Map();
  const seen = new Set();
  const waiting = [fits.map((_, i) => i)];
  while (waiting.length) {
    const set = waiting.pop();
    const key = set.join();
    if (seen.has(key)) continue;
    seen.add(key);
    if (seen.size > most) return null;
    const span = new Span();
    if (set.every((i) => span.add(unitOf(fits[i])))) {
      const support = vertex(fits, set, span, fit);
      if (support) found.set(support.join(), support);
    } else if (
      writtenBy(
        set.map((i) => fits[i]),
        fit,
      )
    ) {
      waiting.push(...set.map((left) => set.filter((i) => i !== left)));
    }
  }
  const used = new Set([...found.values()].flat());
  if (used.size > MOST_COUPONS || !found.size) return null;
  return [...found.values()].sort(
    (a, b) => a.length - b.length || (a.join() < b.join() ? -1 : 1),
  );
}

const unitOf = (fit) => fit.map((value) => value / norm(fit));

/** The members of an independent set that are used to write fit, null where it cannot. */
function vertex(fits, set, span, fit) {
  const { off } = span.split(fit);
  if (norm(off) > 1e-8 * norm(fit)) return null;
  const c = span.coefficients(fit).map((value, j) => value / norm(fits[set[j]]));
  const zero = 1e-8 * Math.max(...c.map(Math.abs));
  if (c.some((value) => value < -zero)) return null;
  return set.filter((_, j) => c[j] > zero);
}

/**
 * The probability that m draws hold all coupons of one of the supports; NaN where these are not
 * listed. A draw gives coupon i with probability mass[i], so all coupons that were drawn lie in a
 * set B with probability (1 - mass of the others)^m. Inclusion and exclusion over B do the rest.
 */
export function goodConeProbability(mass, supports, m) {
  return collector(mass, supports)(m);
}

/** The same as a function of m, which prepares the sums once. */
export function collector(mass, supports) {
  if (!supports) return () => NaN;
  if (supports.some((support) => !support.length)) return () => 1;
  const size = 2 ** mass.length;
  const missed = new Float64Array(size);
  const coefficient = new Float64Array(size);
  for (const support of supports) coefficient[support.reduce((set, i) => set + 2 ** i, 0)] = 1;
  for (let i = 0; i < mass.length; i++) {
    for (let set = 0; set < size; set++) {
      // what contains a set that suffices does
      if ((set >> i) & 1)
        coefficient[set] = Math.max(coefficient[set], coefficient[set - 2 ** i]);
    }
  }
  for (let i = 0; i < mass.length; i++) {
    for (let set = 0; set < size; set++) {
      if ((set >> i) & 1) continue;
      missed[set] += mass[i];
      coefficient[set] -= coefficient[set + 2 ** i];
    }
  }
  const terms = [];
  for (let set = 0; set < size; set++) {
    if (coefficient[set]) terms.push([coefficient[set], Math.log1p(-Math.min(missed[set], 1))]);
  }
  const fewest = Math.min(...supports.map((support) => support.length));
  return (m) => {
    if (m < fewest) return 0;
    const sum = terms.reduce((part, [factor, log]) => part + factor * Math.exp(m * log), 0);
    return Math.min(Math.max(sum, 0), 1);
  };
}
