// The dual function h(u) = sum_k nu_k relu(x_k'u) over the directions u of the plane.
//
// On a cell it is linear, h(u) = g'u with the cell's gradient g, the sum of nu_k x_k over its
// active points. So over the angle it is a piece of a sine on every cell, and its local maxima can
// be named: inside a cell at g/|g|, or at a ray, where it rises before and falls after.

import { cross, quarterTurn } from "./arrangement.mjs";
import { dot } from "./linear.mjs";

const ON_RAY = 1e-12; // the sine of the angle to a ray below which a peak is on it

/** The gradient of h on every cell. */
function gradients(A, nu) {
  return A.cells.map(({ active }) => {
    const g = [0, 0];
    active.forEach((on, k) => {
      if (on) {
        g[0] += nu[k] * A.X[k][0];
        g[1] += nu[k] * A.X[k][1];
      }
    });
    return g;
  });
}

/** A signed direction on a face of the arrangement, with its fit s relu(X u). */
export function column(A, u, sign, cells, ray) {
  const { active } = A.cells[cells[cells.length - 1]];
  const zero = ray < 0 ? [] : A.rays[ray].points;
  const fit = A.X.map((x, k) => (active[k] && !zero.includes(k) ? sign * dot(x, u) : 0));
  return { u, sign, cells, ray, fit };
}

/** The signed direction along a ray, which bounds two cells. */
export function columnOnRay(A, ray, sign) {
  const before = (ray + A.cells.length - 1) % A.cells.length;
  return column(A, A.rays[ray].u, sign, [before, ray], ray);
}

/** All local maxima of h and of -h (`sign` -1) that are larger than `above`, the largest first. */
export function peaks(A, nu, above) {
  const found = [];
  const g = gradients(A, nu);
  A.cells.forEach((cell, i) => {
    const size = Math.hypot(g[i][0], g[i][1]);
    if (!(size > above) || cell.from < 0) return;
    for (const sign of [1, -1]) {
      const u = [(sign * g[i][0]) / size, (sign * g[i][1]) / size];
      if (insideCell(A, cell, u, ON_RAY))
        found.push({ value: size, ...column(A, u, sign, [i], -1) });
    }
  });
  A.rays.forEach((ray, i) => {
    const before = g[(i + g.length - 1) % g.length];
    const height = dot(g[i], ray.u);
    if (!(Math.abs(height) > above)) return;
    const sign = height > 0 ? 1 : -1;
    const ahead = quarterTurn(ray.u);
    const falls = sign * dot(g[i], ahead) <= ON_RAY * Math.hypot(...g[i]);
    const rises = sign * dot(before, ahead) >= -ON_RAY * Math.hypot(...before);
    if (falls && rises) found.push({ value: Math.abs(height), ...columnOnRay(A, i, sign) });
  });
  return found.sort((a, b) => b.value - a.value);
}

/** Whether a direction lies inside a cell, further from its rays than the sine `beyond`. */
export function insideCell(A, cell, u, beyond = 0) {
  if (cell.from < 0) return true;
  const size = Math.hypot(u[0], u[1]);
  const [a, b] = [A.rays[cell.from].u, A.rays[cell.to].u];
  // A half circle is told by its first ray alone: both sines are the same.
  return cross(a, u) > beyond * size && cross(u, b) > beyond * size;
}

/** h at one direction. */
export const heightAt = (A, nu, u) =>
  A.X.reduce((sum, x, k) => sum + nu[k] * Math.max(dot(x, u), 0), 0);

/** The least weight decay at which the zero network is optimal: max |y' relu(X u)| / n. */
export function lambdaMax(A, y) {
  const highest = peaks(A, y, 0)[0];
  return highest ? highest.value / y.length : 0;
}

/**
 * The lower bound on the loss of every network that a residual r proves: nu = 2 r / n, shrunk by a
 * factor t until |h| <= 2 lam, gives t nu'y - n/4 t^2 |nu|^2. `highest` is the maximum of
 * |r'relu(X u)|.
 */
export function provedBy(residual, y, lam, highest) {
  const square = dot(residual, residual);
  if (!(square > 0)) return { bound: 0, nu: y.map(() => 0) };
  const best = Math.max(dot(residual, y) / square, 0);
  const t = Math.min(highest > 0 ? (y.length * lam) / highest : Infinity, best);
  const bound = (2 * t * dot(residual, y) - t * t * square) / y.length;
  return { bound: Math.max(bound, 0), nu: residual.map((value) => (2 * t * value) / y.length) };
}
