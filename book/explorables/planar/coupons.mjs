// The coupons of an optimum, and how likely a random cone of width m holds what it needs.
//
// Every optimum has the same fit, and its neurons lie where the dual function touches its band.
// Each of these directions is a coupon; it is held by the signed cells whose closure contains it.
// The sets of coupons that suffice (`supports`) are the minimal ones that can write the fit.

import { angleOf } from "./arrangement.mjs";
import { peaks } from "./dual.mjs";
import { Span, plus } from "./linear.mjs";
import { writtenBy } from "./projection.mjs";

const TOUCHES = 1e-9; // the relative distance to the band below which a peak is taken to touch it
const SURELY_APART = 1e-7; // above which it surely does not
const MOST_COUPONS = 14; // whose subsets are listed
const MOST_BASES = 3000; // of the polytope of optima, before its vertices are not listed
const ZERO = 1e-8; // the relative size of a coefficient that is zero

/**
 * The coupons of a `solution` of `solve`.
 *
 * Returns `columns`, the directions that some optimum uses; `supports`, the sets of their places
 * that suffice, null where they are too many to list (`most` says when); `sure`, false where it
 * stays open to rounding whether one more direction touches the band; `mass`, the probability that
 * one draw gives a coupon, by `counting` signed cells and by `gaussian` weights with fair signs.
 */
export function couponsOf(A, solution, lam, most = MOST_BASES) {
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

/** The directions at which the dual function touches its band: those used, and others. */
function touching(A, { columns, residual }, lam) {
  if (!columns.length) return { columns: [], sure: true };
  const price = residual.length * lam;
  const near = peaks(A, residual, price * (1 - SURELY_APART));
  const own = columns.map((col) => near.find((peak) => sameCoupon(peak, col)) ?? col);
  const all = own.filter((col, j) => own.findIndex((other) => sameCoupon(other, col)) === j);
  const others = near.filter((peak) => !all.some((col) => sameCoupon(peak, col)));
  const tight = others.filter((peak) => peak.value > price * (1 - TOUCHES));
  const byAngle = (a, b) => angleOf(a.u) - angleOf(b.u);
  return { columns: [...all, ...tight].sort(byAngle), sure: tight.length === others.length };
}

/** One closed signed cell holds at most one coupon: with a common cell, two are the same. */
const sameCoupon = (a, b) => a.sign === b.sign && a.cells.some((i) => b.cells.includes(i));

/**
 * The minimal sets of columns that write `fit` with positive coefficients, as lists of places: the
 * supports of the vertices of the polytope of optima. Pivots connect the bases of a polytope, so a
 * walk from one of them meets all. Null where there are more than `most`.
 */
function supportsOf(fits, fit, most) {
  const start = firstTable(fits, fit);
  if (!start) return null;
  const found = new Map();
  const seen = new Set([start.basis.join()]);
  const waiting = [start];
  while (waiting.length) {
    const table = waiting.pop();
    const support = supportAt(table);
    found.set(support.join(), support);
    for (const { entering, row } of pivotsOf(table)) {
      const basis = table.basis.with(row, entering);
      const key = basis.toSorted((a, b) => a - b).join();
      if (seen.has(key)) continue;
      if (seen.size >= most) return null;
      seen.add(key);
      waiting.push(pivoted(table, entering, row));
    }
  }
  const supports = [...found.values()];
  if (new Set(supports.flat()).size > MOST_COUPONS) return null;
  return supports.sort((a, b) => a.length - b.length || (a.join() < b.join() ? -1 : 1));
}

/**
 * A table says how a basis writes all columns and the fit: row i of `rows` has the coefficients of
 * the basis's column number i, and in `c` stands what it adds to the fit.
 */
function firstTable(fits, fit) {
  const written = writtenBy(fits, fit);
  if (!written) return null;
  const span = new Span();
  const order = fits.map((_, i) => i).sort((a, b) => (written[b] > 0) - (written[a] > 0));
  const basis = order.filter((i) => span.add(fits[i]));
  const columns = fits.map((column) => span.coefficients(column));
  const rows = basis.map((_, i) => columns.map((column) => column[i]));
  return { basis, rows, c: span.coefficients(fit) };
}

function supportAt({ basis, c }) {
  const zero = ZERO * Math.max(...c.map(Math.abs));
  return basis.filter((_, i) => c[i] > zero).sort((a, b) => a - b);
}

/** The columns that may enter, each with the rows that may leave for it: more than one at a tie. */
function pivotsOf({ basis, rows, c }) {
  const zero = ZERO * Math.max(...c.map(Math.abs));
  const pivots = [];
  for (let entering = 0; entering < rows[0].length; entering++) {
    if (basis.includes(entering)) continue;
    const steps = rows.map((row, i) =>
      row[entering] > 1e-9 ? Math.max(c[i], 0) / row[entering] : Infinity,
    );
    const least = Math.min(...steps);
    steps.forEach((size, row) => {
      if (size <= least + zero && size < Infinity) pivots.push({ entering, row });
    });
  }
  return pivots;
}

function pivoted({ basis, rows, c }, entering, leaving) {
  const pivot = rows[leaving][entering];
  const top = rows[leaving].map((value) => value / pivot);
  const height = c[leaving] / pivot;
  return {
    basis: basis.with(leaving, entering),
    rows: rows.map((row, i) => (i === leaving ? top : plus(row, top, -row[entering]))),
    c: c.map((value, i) => (i === leaving ? height : value - rows[i][entering] * height)),
  };
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
  // Sets of the same measure together: under the counting measure there are few.
  const together = new Map();
  for (let set = 0; set < size; set++) {
    if (!coefficient[set]) continue;
    const share = Math.min(Math.round(missed[set] * 1e14) / 1e14, 1);
    together.set(share, (together.get(share) ?? 0) + coefficient[set]);
  }
  const terms = [...together].map(([share, factor]) => [factor, Math.log1p(-share)]);
  const fewest = Math.min(...supports.map((support) => support.length));
  return (m) => {
    if (m < fewest) return 0;
    const sum = terms.reduce((part, [factor, log]) => part + factor * Math.exp(m * log), 0);
    return Math.min(Math.max(sum, 0), 1);
  };
}
