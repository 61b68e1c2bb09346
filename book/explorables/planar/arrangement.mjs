// The walls of points in the plane, and the cells between them.
//
// A point x is a wall in the plane of weights: the line of all w with w'x = 0. On the unit circle
// it is two opposite rays. Between neighbouring rays lies a cell, on which every neuron is active
// on the same points.

import { dot } from "./linear.mjs";

/** The sine of the angle below which two walls are one, as in `relucones`. */
export const PARALLEL = 1e-13;

export const cross = (a, b) => a[0] * b[1] - a[1] * b[0];
export const quarterTurn = (u) => [-u[1], u[0]];
const opposite = (u) => [-u[0], -u[1]];

/** The angle of a direction, from 0 to 2 pi. */
export const angleOf = (u) => {
  const angle = Math.atan2(u[1], u[0]);
  return angle < 0 ? angle + 2 * Math.PI : angle;
};

export const unit = (v) => {
  const length = Math.hypot(v[0], v[1]);
  return [v[0] / length, v[1] / length];
};

/**
 * The arrangement of the points X, a list of pairs.
 *
 * `rays`: unit vectors `u` in order of their angle, with the `points` whose wall they are.
 * `cells`: `from` and `to` are places in `rays`, `width` is an angle, `middle` a direction inside,
 * and `active` tells of every point whether neurons of the cell are active there. Cell number i
 * begins at ray number i. Without any wall there is one cell, the whole circle.
 */
export function arrange(X) {
  const rays = wallsOf(X).flatMap(({ u, points }) => [
    { u, points, angle: angleOf(u) },
    { u: opposite(u), points, angle: angleOf(opposite(u)) },
  ]);
  rays.sort((a, b) => a.angle - b.angle);
  const cells = rays.map((ray, from) => cellBetween(X, rays, from, (from + 1) % rays.length));
  const whole = {
    from: -1,
    to: -1,
    width: 2 * Math.PI,
    middle: [1, 0],
    active: X.map(() => false),
  };
  return { X, rays, cells: cells.length ? cells : [whole], n: X.length };
}

function wallsOf(X) {
  const walls = [];
  X.forEach((x, k) => {
    if (x[0] === 0 && x[1] === 0) return; // a point at the origin has no wall
    const u = quarterTurn(unit(x));
    const same = walls.find((wall) => Math.abs(cross(wall.u, u)) <= PARALLEL);
    if (same) same.points.push(k);
    else walls.push({ u, points: [k] });
  });
  return walls;
}

function cellBetween(X, rays, from, to) {
  const [a, b] = [rays[from].u, rays[to].u];
  const width = rays.length === 2 ? Math.PI : Math.atan2(cross(a, b), dot(a, b));
  const middle = rays.length === 2 ? quarterTurn(a) : unit([a[0] + b[0], a[1] + b[1]]);
  return { from, to, width, middle, active: X.map((x) => dot(x, middle) > 0) };
}

/** The place of the cell that holds a direction; the later one where it lies on a ray. */
export function cellAt(A, u) {
  if (!A.rays.length) return 0;
  const angle = angleOf(u);
  let place = A.rays.length - 1; // also what comes before the first ray
  A.rays.forEach((ray, i) => {
    if (ray.angle <= angle) place = i;
  });
  return place;
}

/** A pattern as a string of bits, in the order of the points. */
export const bits = (active) => active.map((on) => (on ? "1" : "0")).join("");
