"""The furniture of the book *Cones and Coupons*: its figures, sliders, long experiments and their results."""
