// Emitted by infinitile 0.2.0: do not edit.
// SPDX-License-Identifier: Apache-2.0
//
// loss       gist
// logit      exp(params.logScale) * dot
// terms      row softmax where row.view === 1 && col.view === 0 && false || !(row.view === 1 && col.view === 0) && (positive || row.index !== col.index && guide <= row.positiveGuide - 0 * (false ? abs(row.positiveGuide) : 1)): lse - positiveLogit, weight 1, mean, one normaliser for counterparts
// softmax    bounded
// inputs     f32, depth 512
// target     x86-64-v4
// tile       block 192 x 1024, depth 256
//            register 12 x 32
//            instruction avx512.fma

#include <cstdint>
#include <cstring>

namespace {

// A kernel's arguments, in the order of its parameters: addresses of the values.
class Arguments {
 public:
  explicit Arguments(void* const* next) : next_(next) {}

  template <typename T>
  T take() {
    T value;
    std::memcpy(&value, *next_++, sizeof value);
    return value;
  }

 private:
  void* const* next_;
};

constexpr int kPartials = 256;  // of a sum over a vector: the same whatever the number of threads
constexpr float kLargest = 3.40282347e38f;
constexpr double kSmallestNormal = 1.17549435e-38;

static inline double larger(double a, double b) { return a > b ? a : b; }
static inline int least(int a, int b) { return a < b ? a : b; }

// The loss. Its functions have the same parameters for every loss, whichever it reads.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"

struct Uniforms {
  float u0;  // exp(params.logScale)
};

// What a softmax's term reads of a row: its number in its own tensor, and the tensor: 0 the queries, 1 the keys.
struct RowOfTerm {
  int index, view;
};

struct RowTerm {
  double value;
  double byLse;
  double byPositiveLogit;
  double byMeanLogit;
  double byParams[1];
};

static inline RowTerm row_term(double lse, double positiveLogit, double meanLogit, const RowOfTerm& row, const Uniforms& uniforms) {
  return {lse - positiveLogit, 1.0, -1.0, 0.0, {0.0}};
}

#pragma GCC diagnostic pop

namespace rows {

// Arguments of `rowTerms`, in order.
struct RowTerms {
  Arguments next;
  const float* max = next.take<const float*>();
  const float* sum = next.take<const float*>();
  const float* extra = next.take<const float*>();
  const float* positive_logit = next.take<const float*>();
  const float* matched = next.take<const float*>();
  const double* tally = next.take<const double*>();
  int count = next.take<int>();
  int n = next.take<int>();
  int start = next.take<int>();
  int split = next.take<int>();
  int first_query = next.take<int>();
  int first_key = next.take<int>();
  float weight = next.take<float>();
  float sum_floor = next.take<float>();
  Uniforms uniforms = next.take<Uniforms>();
  float* scale = next.take<float*>();
  float* pull = next.take<float*>();
  float* mean_pull = next.take<float*>();
  double* loss_partial = next.take<double*>();
  double* values = next.take<double*>();
  double* params = next.take<double*>();
  int32_t* out_of_range = next.take<int32_t*>();
  int32_t* empty = next.take<int32_t*>();
  int32_t* unmatched = next.take<int32_t*>();
  int threads = next.take<int>();
};

// The sum of a row's exponentials is `sum` e^`max`.
struct Normaliser {
  double max, sum;
};

// A row's term, and what it is multiplied by: 0 where the row is left out.
struct Evaluated {
  double weight;
  RowTerm term;
  double positives, counted;  // how many
  bool unmatched, empty;      // mistakes: it has no positive, nothing counts for it
};

static inline RowOfTerm place_at([[maybe_unused]] const RowTerms& all, int i) {
  const int place = all.start + i, view = place >= all.split;
  return {
      place + (view ? all.first_key - all.split : all.first_query), view,
  };
}

static inline int counterpart_of(const RowTerms& all, int i) { return i < all.split ? i + all.split : i - all.split; }

static inline Normaliser normaliser_of(const RowTerms& all, int i) {
  // One for both counterparts. A sum of nothing has the maximum -infinity.
  const int other = counterpart_of(all, i);
  const double max = larger(all.max[i], all.max[other]);
  const auto relative = [&](int k) { return all.sum[k] == 0 ? 0 : all.sum[k] * __builtin_exp(all.max[k] - max); };
  return {max, relative(i) + relative(other)};
}

static inline double positives_of(const RowTerms& all, int i) {
  return i < all.n && all.positive_logit[i] < __builtin_inff() ? 1 : 0;
}

static Evaluated evaluate(const RowTerms& all, int i) {
  Evaluated result = {};
  const double matched = all.matched == nullptr ? 1 : all.matched[i];
  if (matched == 0) return result;
  result.positives = positives_of(all, i);
  const Normaliser normaliser = normaliser_of(all, i);
  result.unmatched = result.positives == 0;
  if (result.unmatched || result.empty) return result;
  const double lse = normaliser.max + __builtin_log(normaliser.sum);
  const double positive_logit = all.positive_logit[i];
  const double mean_logit = __builtin_nan("");
  result.term = row_term(lse, positive_logit, mean_logit, place_at(all, i), all.uniforms);
  result.weight = all.weight * matched / (all.tally == nullptr ? 1 : *all.tally);
  return result;
}

// Sums are over rows b, b + kPartials, ... for each b.
static void evaluate_all(const RowTerms& all) {
  int out_of_range = 0, empty = *all.empty, unmatched = *all.unmatched;
#pragma omp parallel for schedule(static) num_threads(all.threads) reduction(| : out_of_range) reduction(min : empty, unmatched)
  for (int b = 0; b < kPartials; ++b) {
    double loss = 0;
    double params[1] = {};
    for (int64_t at = b; at < all.count; at += kPartials) {
      const int i = (int)at;
      const Evaluated own = evaluate(all, i);
      if (own.unmatched) unmatched = least(unmatched, i);
      else if (own.empty) empty = least(empty, i);
      const bool counts = own.weight != 0;

      // e^(s - max) scale = dL/dlse e^(s - lse).
      const Normaliser normaliser = normaliser_of(all, i);
      const Evaluated other = evaluate(all, counterpart_of(all, i));
      const double by_lse = own.weight * own.term.byLse + other.weight * other.term.byLse;
      const double own_part = __builtin_exp(all.max[i] - normaliser.max);
      const float scale = by_lse == 0 ? 0.0f : (float)(by_lse * own_part / normaliser.sum);
      if (counts && !(normaliser.sum >= all.sum_floor && normaliser.sum <= kLargest)) out_of_range = 1;
      // A subnormal scale has lost the digits that G needs.
      if (__builtin_fabs(by_lse) >= kSmallestNormal && __builtin_fabsf(scale) < (float)kSmallestNormal) out_of_range = 1;
      all.scale[i] = scale;
      all.pull[i] = counts ? (float)(own.weight * own.term.byPositiveLogit / own.positives) : 0.0f;
      all.values[i] = counts ? own.term.value : __builtin_nan("");
      if (!counts) continue;
      loss += own.weight * own.term.value;
      for (int k = 0; k < 1; ++k) params[k] += own.weight * own.term.byParams[k];
    }
    all.loss_partial[b] = loss;
    for (int k = 0; k < 1; ++k) all.params[b * 1 + k] = params[k];
  }
  if (out_of_range != 0) *all.out_of_range = 1;
  *all.empty = empty;
  *all.unmatched = unmatched;
}

}  // namespace rows

}  // namespace

// Each row's term, and from its derivatives the row's part of G.
extern "C" void rowTerms(void* const* args) { rows::evaluate_all(rows::RowTerms{Arguments(args)}); }
