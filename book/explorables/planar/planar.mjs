// Points in the plane: their cells, the dual function, the certified optimum, its coupons.
//
// Nothing here touches a page. Conventions as in `relucones`: the loss is
// mean((f - y)^2) + lam (|W|^2 + |a|^2), a list of pairs is an (n, 2) array.

export { angleOf, arrange, bits, cellAt, unit } from "./arrangement.mjs";
export { collector, couponsOf, goodConeProbability } from "./coupons.mjs";
export { heightAt, lambdaMax, peaks } from "./dual.mjs";
export { loss, network, solve } from "./optimum.mjs";
