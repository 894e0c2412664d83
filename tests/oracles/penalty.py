"""Prox and conjugate of the elastic net one number at a time, by cases."""


def prox(v, step, l1_ratio=1.0, weight=1.0, lower=-float("inf"), upper=float("inf")):
    """argmin_w ½ (w − v)² + step · weight · (r|w| + (1 − r)/2 w²), lower ≤ w ≤ upper."""
    l1, l2 = step * weight * l1_ratio, step * weight * (1 - l1_ratio)
    if v > l1:
        w = (v - l1) / (1 + l2)
    elif v < -l1:
        w = (v + l1) / (1 + l2)
    else:
        w = 0.0
    return min(max(w, lower), upper)
