// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       clip
// logit      exp(params.logScale) * dot
// inputs     bf16, depth 512
// targets    x86-64-v4, sm_90a

/*
 * Interval arithmetic: enclosures of every value that an operator can take, in double with its rounding. Truths are 0 and 1. An interval
 * whose ends are NaN holds any value, NaN among them; arithmetic spreads it by itself.
 */

typedef struct Interval {
  double low;
  double high;
} Interval;

static const Interval anything = {NAN, NAN};
static const Interval every_truth = {0, 1};

/* Unlike fmin and fmax, NaN where one of them is. */
static inline double lower(double a, double b) { return isnan(a) || isnan(b) ? NAN : a < b ? a : b; }
static inline double upper(double a, double b) { return isnan(a) || isnan(b) ? NAN : a > b ? a : b; }

static inline double sign_of(double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }

static inline double sigmoid(double x) {
  const double e = exp(-fabs(x));
  return x >= 0 ? 1 / (1 + e) : e / (1 + e);
}

/* log(1 + e^x). */
static inline double softplus(double x) { return upper(x, 0) + log1p(exp(-fabs(x))); }

static inline Interval exactly(double value) { return (Interval){value, value}; }
static inline int is_anything(Interval x) { return isnan(x.low) || isnan(x.high); }
static inline int contains(Interval x, double value) { return x.low <= value && value <= x.high; }
static inline int is_unbounded(Interval x) { return x.low == -INFINITY || x.high == INFINITY; }

/* Library functions are accurate to an ulp or two: finite ends move out by four. */
static inline Interval around(double low, double high) {
  const double slack = 4 * DBL_EPSILON, least_step = 4.9406564584124654e-324;
  return (Interval){isfinite(low) ? low - fabs(low) * slack - least_step : low,
                    isfinite(high) ? high + fabs(high) * slack + least_step : high};
}

static inline Interval around_corners(double a, double b, double c, double d) {
  return around(lower(lower(a, b), lower(c, d)), upper(upper(a, b), upper(c, d)));
}

static inline Interval clamp(Interval x, double low, double high) { return (Interval){upper(x.low, low), lower(x.high, high)}; }

/* Of a function that only rises. */
static inline Interval rising(double at_low, double at_high) { return around(lower(at_low, at_high), upper(at_low, at_high)); }

static inline Interval union_of(Interval a, Interval b) { return (Interval){lower(a.low, b.low), upper(a.high, b.high)}; }

static inline Interval negate_bounds(Interval x) { return (Interval){-x.high, -x.low}; }

static inline Interval add_bounds(Interval a, Interval b) {
  const int opposed = (a.low == -INFINITY && b.high == INFINITY) || (a.high == INFINITY && b.low == -INFINITY);
  return opposed ? anything : around(a.low + b.low, a.high + b.high);
}

static inline Interval subtract_bounds(Interval a, Interval b) { return add_bounds(a, negate_bounds(b)); }

static inline Interval multiply_bounds(Interval a, Interval b) {
  if ((contains(a, 0) && is_unbounded(b)) || (is_unbounded(a) && contains(b, 0))) return anything;
  return around_corners(a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high);
}

static inline Interval divide_bounds(Interval a, Interval b) {
  if (contains(b, 0) || (is_unbounded(a) && is_unbounded(b))) return anything;
  return around_corners(a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high);
}

/* Divisors are positive: one that may not be leaves nothing known. */
static inline Interval floor_divide_bounds(Interval a, Interval b) {
  if (!(b.low > 0)) return anything;
  const Interval quotient = divide_bounds(a, b);
  return (Interval){floor(quotient.low), floor(quotient.high)};
}

/* The sign is the dividend's; the magnitude is below the divisor's and no more than the dividend's. */
static inline Interval remainder_bounds(Interval a, Interval b) {
  if (!(b.low > 0) || is_unbounded(a)) return anything;
  return (Interval){upper(lower(a.low, 0), -b.high), lower(upper(a.high, 0), b.high)};
}

static inline Interval abs_bounds(Interval x) {
  const double low = fabs(x.low), high = fabs(x.high);
  return (Interval){contains(x, 0) ? 0 : lower(low, high), upper(low, high)};
}

static inline Interval square_bounds(Interval x) {
  const Interval magnitude = abs_bounds(x);
  return clamp(around(magnitude.low * magnitude.low, magnitude.high * magnitude.high), 0, INFINITY);
}

static inline Interval integer_pow_bounds(Interval base, double n) {
  if (n == 0) return exactly(1);
  const double low = pow(base.low, n), high = pow(base.high, n);
  if (fmod(n, 2) == 0 && contains(base, 0)) return around(lower(0, lower(low, high)), upper(0, upper(low, high)));
  return around(lower(low, high), upper(low, high));
}

static inline Interval pow_bounds(Interval base, Interval exponent) {
  if (is_anything(base) || is_anything(exponent)) return anything;
  /* A zero has a sign, and its negative powers are infinite either way. An infinite power of 1 is not known. */
  if (contains(base, 0) && exponent.low < 0) return anything;
  if (contains(base, 1) && is_unbounded(exponent)) return anything;
  if (exponent.low == exponent.high && isfinite(exponent.low) && floor(exponent.low) == exponent.low)
    return integer_pow_bounds(base, exponent.low);
  if (!(base.low >= 0)) return anything;
  return clamp(around_corners(pow(base.low, exponent.low), pow(base.low, exponent.high), pow(base.high, exponent.low),
                              pow(base.high, exponent.high)),
               0, INFINITY);
}

static inline Interval exp_bounds(Interval x) { return clamp(rising(exp(x.low), exp(x.high)), 0, INFINITY); }
static inline Interval expm1_bounds(Interval x) { return clamp(rising(expm1(x.low), expm1(x.high)), -1, INFINITY); }
static inline Interval log_bounds(Interval x) { return x.low < 0 ? anything : rising(log(x.low), log(x.high)); }
static inline Interval log1p_bounds(Interval x) { return x.low < -1 ? anything : rising(log1p(x.low), log1p(x.high)); }
static inline Interval sqrt_bounds(Interval x) { return x.low < 0 ? anything : clamp(rising(sqrt(x.low), sqrt(x.high)), 0, INFINITY); }
static inline Interval tanh_bounds(Interval x) { return clamp(rising(tanh(x.low), tanh(x.high)), -1, 1); }
static inline Interval sigmoid_bounds(Interval x) { return clamp(rising(sigmoid(x.low), sigmoid(x.high)), 0, 1); }
static inline Interval softplus_bounds(Interval x) { return clamp(rising(softplus(x.low), softplus(x.high)), 0, INFINITY); }
static inline Interval floor_bounds(Interval x) { return (Interval){floor(x.low), floor(x.high)}; }
static inline Interval sign_bounds(Interval x) { return (Interval){sign_of(x.low), sign_of(x.high)}; }
static inline Interval min_bounds(Interval a, Interval b) { return (Interval){lower(a.low, b.low), lower(a.high, b.high)}; }
static inline Interval max_bounds(Interval a, Interval b) { return (Interval){upper(a.low, b.low), upper(a.high, b.high)}; }

static inline Interval less_bounds(Interval a, Interval b) {
  return a.high < b.low ? exactly(1) : a.low >= b.high ? exactly(0) : every_truth;
}

static inline Interval less_equal_bounds(Interval a, Interval b) {
  return a.high <= b.low ? exactly(1) : a.low > b.high ? exactly(0) : every_truth;
}

static inline Interval greater_bounds(Interval a, Interval b) { return less_bounds(b, a); }
static inline Interval greater_equal_bounds(Interval a, Interval b) { return less_equal_bounds(b, a); }

static inline Interval equal_bounds(Interval a, Interval b) {
  if (a.low == a.high && b.low == b.high && a.low == b.low) return exactly(1);
  return a.high < b.low || b.high < a.low ? exactly(0) : every_truth;
}

static inline Interval not_bounds(Interval x) { return (Interval){1 - x.high, 1 - x.low}; }
static inline Interval not_equal_bounds(Interval a, Interval b) { return not_bounds(equal_bounds(a, b)); }
static inline Interval and_bounds(Interval a, Interval b) { return min_bounds(a, b); }
static inline Interval or_bounds(Interval a, Interval b) { return max_bounds(a, b); }

static inline Interval select_bounds(Interval condition, Interval a, Interval b) {
  return condition.low == 1 ? a : condition.high == 0 ? b : union_of(a, b);
}

static inline Interval stop_gradient_bounds(Interval x) { return x; }

/* What callers compare: unbounded where a value may be NaN. */
static inline Interval ends_of(Interval x) { return is_anything(x) ? (Interval){-INFINITY, INFINITY} : x; }

static inline double largest_magnitude(Interval x) { return upper(fabs(x.low), fabs(x.high)); }
