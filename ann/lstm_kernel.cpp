// One LSTM layer with a linear readout: loss and gradient of a batch of stretches, in one pass over time.
//
//     z_t = [h_{t-1}, x_t, 1]      a = W z_t      i, f, o = sigmoid(a_i, a_f, a_o)      g = tanh(a_g)
//     c_t = f c_{t-1} + i g        h_t = o tanh(c_t)
//
// Both biases, the input weights and the recurrent weights form one matrix W. Whatever is read often (weights,
// one step of gates) stays in the first two caches, and one work space serves every network of a cohort.

#include <cmath>
#include <cstdint>
#include <cstring>

#if defined(__AVX512F__)
constexpr int BYTES = 64, ROWS = 4, WIDE = 8;
#elif defined(__AVX__)
constexpr int BYTES = 32, ROWS = 2, WIDE = 4;
#else
constexpr int BYTES = 16, ROWS = 2, WIDE = 4;
#endif
constexpr int64_t MOST_OUTPUTS = 64;
constexpr int64_t CHUNK = 128;  // rows of gate gradients that are kept before they enter the weight gradient

template <class R> struct Lane;
template <> struct Lane<float> { using Bits = int32_t; static constexpr int mantissa = 23, bias = 127; };
template <> struct Lane<double> { using Bits = int64_t; static constexpr int mantissa = 52, bias = 1023; };

template <class R> struct Simd {
    typedef R Vec __attribute__((vector_size(BYTES)));
    typedef typename Lane<R>::Bits Int __attribute__((vector_size(BYTES)));
    static constexpr int64_t V = BYTES / sizeof(R);
};

#define INLINE static inline __attribute__((always_inline))

template <class R> INLINE typename Simd<R>::Vec load(const R* p) {
    typename Simd<R>::Vec v;
    std::memcpy(&v, p, BYTES);
    return v;
}
template <class R> INLINE void store(R* p, typename Simd<R>::Vec v) { std::memcpy(p, &v, BYTES); }

// exp(x) = 2^n exp(r), |r| <= ln(2)/2, by the Taylor polynomial, to rounding
template <class R> INLINE typename Simd<R>::Vec exponential(typename Simd<R>::Vec x) {
    using Vec = typename Simd<R>::Vec;
    using Int = typename Simd<R>::Int;
    constexpr bool single = sizeof(R) == 4;
    const R low = single ? R(-87) : R(-708), high = single ? R(88) : R(709);
    x = x < low ? low + 0 * x : x;
    x = x > high ? high + 0 * x : x;
    const R magic = single ? R(12582912.0) : R(6755399441055744.0);  // 1.5 * 2^mantissa: rounds to a whole number
    const Vec n = (x * R(1.4426950408889634074) + magic) - magic;
    const R ln2_high = single ? R(0.693359375) : R(0.693145751953125);
    const R ln2_low = single ? R(-2.12194440054690583e-4) : R(1.42860682030941723212e-6);
    const Vec r = (x - n * ln2_high) - n * ln2_low;
    constexpr int degree = single ? 7 : 13;
    R term = 1;
    for (int k = 2; k <= degree; k++) term /= k;
    Vec p = term + 0 * r;
#pragma GCC unroll 16
    for (int k = degree; k >= 1; k--) { term *= k; p = p * r + term; }
    const Int power = (__builtin_convertvector(n, Int) + Lane<R>::bias) << Lane<R>::mantissa;
    Vec scale;
    std::memcpy(&scale, &power, BYTES);
    return p * scale;
}

template <class R> INLINE typename Simd<R>::Vec sigmoid(typename Simd<R>::Vec x) {
    return R(1) / (R(1) + exponential<R>(-x));
}

template <class R> INLINE typename Simd<R>::Vec hyperbolic_tangent(typename Simd<R>::Vec x) {
    const auto size = x < 0 ? -x : x;
    const auto e = exponential<R>(R(-2) * size);
    const auto y = (R(1) - e) / (R(1) + e);
    return x < 0 ? -y : y;
}

struct Shape {
    int64_t batch, time, inputs, hidden, outputs;
    int64_t units, wide;  // hidden, and width of z, both filled up to whole vectors
    int64_t stride;       // of gate gradients: no power of two, or their rows fight for the same lines of the cache
};

template <class R> struct Work {
    R *packed, *recurrent, *gradient, *head, *head_gradient, *z, *cell, *gates, *local, *back, *carry;
};

template <class R> INLINE R* take(R*& from, int64_t n) {
    R* here = from;
    from += n;
    return here;
}

template <class R> int64_t lay_out(Work<R>& w, R* base, const Shape& s, bool gradient) {
    const int64_t steps = gradient ? s.time : 1, chunk = CHUNK + s.batch;
    R* at = base;
    w.packed = take(at, 4 * s.units * s.wide);
    w.recurrent = take(at, 4 * s.units * s.units);
    w.gradient = take(at, 4 * s.units * s.wide);
    w.head = take(at, s.outputs * (s.units + Simd<R>::V));
    w.head_gradient = take(at, s.outputs * (s.units + Simd<R>::V));
    w.z = take(at, (steps + 1) * s.batch * s.wide);
    w.cell = take(at, (steps + 1) * s.batch * s.units);
    w.gates = take(at, steps * s.batch * 4 * s.units);
    w.local = take(at, chunk * s.stride);
    w.back = take(at, s.batch * s.units);
    w.carry = take(at, s.batch * s.units);
    return at - base;
}

// one block of ROWS sequences and one vector of units: all four gates, then cell and hidden state
template <class R, int N>
INLINE void step_block(const Shape& s, const R* panel, const R* z, R* next, const R* cell, R* cell_next, R* gates) {
    using Vec = typename Simd<R>::Vec;
    constexpr int64_t V = Simd<R>::V;
    Vec a[N][4];
#pragma GCC unroll 8
    for (int n = 0; n < N; n++)
#pragma GCC unroll 4
        for (int g = 0; g < 4; g++) a[n][g] = Vec{};
    const int64_t depth = s.units + s.inputs + 1;
    for (int64_t k = 0; k < depth; k++) {
        Vec w[4];
#pragma GCC unroll 4
        for (int g = 0; g < 4; g++) w[g] = load<R>(panel + (4 * k + g) * V);
#pragma GCC unroll 8
        for (int n = 0; n < N; n++) {
            const R seen = z[n * s.wide + k];
#pragma GCC unroll 4
            for (int g = 0; g < 4; g++) a[n][g] += seen * w[g];
        }
    }
#pragma GCC unroll 8
    for (int n = 0; n < N; n++) {
        const Vec i = sigmoid<R>(a[n][0]), f = sigmoid<R>(a[n][1]), o = sigmoid<R>(a[n][3]);
        const Vec g = hyperbolic_tangent<R>(a[n][2]);
        const Vec c = f * load<R>(cell + n * s.units) + i * g;
        store<R>(cell_next + n * s.units, c);
        store<R>(next + n * s.wide, o * hyperbolic_tangent<R>(c));
        if (gates) {
            R* out = gates + n * 4 * s.units;
            store<R>(out, i), store<R>(out + s.units, f), store<R>(out + 2 * s.units, g);
            store<R>(out + 3 * s.units, o);
        }
    }
}

template <class R>
void step(const Shape& s, const R* packed, const R* z, R* next, const R* cell, R* cell_next, R* gates) {
    constexpr int64_t V = Simd<R>::V;
    for (int64_t u = 0; u < s.units; u += V) {
        const R* panel = packed + u * 4 * s.wide;
        int64_t b = 0;
        for (; b + ROWS <= s.batch; b += ROWS)
            step_block<R, ROWS>(s, panel, z + b * s.wide, next + b * s.wide + u, cell + b * s.units + u,
                                cell_next + b * s.units + u, gates ? gates + b * 4 * s.units + u : nullptr);
        for (; b < s.batch; b++)
            step_block<R, 1>(s, panel, z + b * s.wide, next + b * s.wide + u, cell + b * s.units + u,
                             cell_next + b * s.units + u, gates ? gates + b * 4 * s.units + u : nullptr);
    }
}

// out[m][n] (+)= sum_k left(k, m) right[k][n] for M rows and N vectors
template <class R, int M, int N>
INLINE void product_block(const R* left, int64_t k_stride, int64_t m_stride, const R* right, int64_t right_stride,
                          int64_t depth, R* out, int64_t out_stride, bool add) {
    using Vec = typename Simd<R>::Vec;
    constexpr int64_t V = Simd<R>::V;
    Vec a[M][N];
#pragma GCC unroll 8
    for (int m = 0; m < M; m++)
#pragma GCC unroll 2
        for (int n = 0; n < N; n++) a[m][n] = add ? load<R>(out + m * out_stride + n * V) : Vec{};
    for (int64_t k = 0; k < depth; k++) {
        Vec r[N];
#pragma GCC unroll 2
        for (int n = 0; n < N; n++) r[n] = load<R>(right + k * right_stride + n * V);
#pragma GCC unroll 8
        for (int m = 0; m < M; m++) {
            const R l = left[k * k_stride + m * m_stride];
#pragma GCC unroll 2
            for (int n = 0; n < N; n++) a[m][n] += l * r[n];
        }
    }
#pragma GCC unroll 8
    for (int m = 0; m < M; m++)
#pragma GCC unroll 2
        for (int n = 0; n < N; n++) store<R>(out + m * out_stride + n * V, a[m][n]);
}

template <class R, int N>
INLINE void product_column(const R* left, int64_t k_stride, int64_t m_stride, int64_t rows, const R* right,
                           int64_t right_stride, int64_t depth, R* out, int64_t out_stride, bool add) {
    int64_t m = 0;
#define ROWS_AT_ONCE(M)                                                                                              \
    for (; m + M <= rows; m += M)                                                                                    \
    product_block<R, M, N>(left + m * m_stride, k_stride, m_stride, right, right_stride, depth, out + m * out_stride, \
                           out_stride, add)
    ROWS_AT_ONCE(WIDE);
    ROWS_AT_ONCE(WIDE / 2);
    ROWS_AT_ONCE(WIDE / 4);
    ROWS_AT_ONCE(1);
#undef ROWS_AT_ONCE
}

template <class R>
void product(const R* left, int64_t k_stride, int64_t m_stride, int64_t rows, const R* right, int64_t right_stride,
             int64_t depth, R* out, int64_t out_stride, int64_t columns, bool add) {
    constexpr int64_t V = Simd<R>::V;
    int64_t n = 0;
    for (; n + 2 * V <= columns; n += 2 * V)
        product_column<R, 2>(left, k_stride, m_stride, rows, right + n, right_stride, depth, out + n, out_stride, add);
    for (; n < columns; n += V)
        product_column<R, 1>(left, k_stride, m_stride, rows, right + n, right_stride, depth, out + n, out_stride, add);
}

// cross-entropy of one step of one sequence; its gradient goes to the hidden state and the readout
template <class R>
INLINE double readout(const Shape& s, const Work<R>& w, const R* hidden, int64_t target, R smoothing, double share,
                      R* back) {
    constexpr int64_t V = Simd<R>::V;
    const int64_t stride = s.units + V;
    double logit[MOST_OUTPUTS], likelihood[MOST_OUTPUTS], top = -INFINITY, total = 0, mean = 0;
    for (int64_t k = 0; k < s.outputs; k++) {
        typename Simd<R>::Vec sum{};
        for (int64_t u = 0; u < s.units; u += V) sum += load<R>(hidden + u) * load<R>(w.head + k * stride + u);
        R value = w.head[k * stride + s.units];
        for (int64_t v = 0; v < V; v++) value += sum[v];
        logit[k] = value;
        top = value > top ? value : top;
        mean += value / double(s.outputs);
    }
    for (int64_t k = 0; k < s.outputs; k++) total += likelihood[k] = std::exp(logit[k] - top);
    const double normaliser = top + std::log(total);
    if (back) {
        for (int64_t k = 0; k < s.outputs; k++) {
            const double wanted = (k == target ? 1.0 - smoothing : 0.0) + smoothing / s.outputs;
            const R error = R((likelihood[k] / total - wanted) * share);
            for (int64_t u = 0; u < s.units; u += V) {
                store<R>(back + u, load<R>(back + u) + error * load<R>(w.head + k * stride + u));
                R* gradient = w.head_gradient + k * stride + u;
                store<R>(gradient, load<R>(gradient) + error * load<R>(hidden + u));
            }
            w.head_gradient[k * stride + s.units] += error;
        }
    }
    return normaliser - (1.0 - smoothing) * logit[target] - smoothing * mean;
}

// gradient of the four gate sums; carry holds the gradient of the cell
template <class R>
INLINE void gate_gradient(const Shape& s, const R* gates, const R* cell_before, const R* cell, const R* back, R* carry,
                          R* out) {
    constexpr int64_t V = Simd<R>::V;
    for (int64_t u = 0; u < s.units; u += V) {
        const auto i = load<R>(gates + u), f = load<R>(gates + s.units + u), g = load<R>(gates + 2 * s.units + u);
        const auto o = load<R>(gates + 3 * s.units + u);
        const auto squashed = hyperbolic_tangent<R>(load<R>(cell + u)), d_h = load<R>(back + u);
        const auto d_c = load<R>(carry + u) + d_h * o * (R(1) - squashed * squashed);
        store<R>(out + u, d_c * g * i * (R(1) - i));
        store<R>(out + s.units + u, d_c * load<R>(cell_before + u) * f * (R(1) - f));
        store<R>(out + 2 * s.units + u, d_c * i * (R(1) - g * g));
        store<R>(out + 3 * s.units + u, d_h * squashed * o * (R(1) - o));
        store<R>(carry + u, d_c * f);
    }
}

template <class R> struct Parameters {
    R *input, *recurrent, *bias_ih, *bias_hh, *head, *head_bias;
    Parameters(R* p, const Shape& s) {
        input = take(p, 4 * s.hidden * s.inputs);
        recurrent = take(p, 4 * s.hidden * s.hidden);
        bias_ih = take(p, 4 * s.hidden);
        bias_hh = take(p, 4 * s.hidden);
        head = take(p, s.outputs * s.hidden);
        head_bias = take(p, s.outputs);
    }
};

template <class R> void pack(const Shape& s, const Work<R>& w, const Parameters<const R>& p) {
    constexpr int64_t V = Simd<R>::V;
    std::memset(w.packed, 0, sizeof(R) * 4 * s.units * s.wide);
    std::memset(w.recurrent, 0, sizeof(R) * 4 * s.units * s.units);
    for (int64_t g = 0; g < 4; g++)
        for (int64_t u = 0; u < s.hidden; u++) {
            const int64_t row = g * s.hidden + u;
            R* to = w.packed + (u / V) * V * 4 * s.wide + g * V + u % V;
            for (int64_t k = 0; k < s.hidden; k++) {
                to[4 * k * V] = p.recurrent[row * s.hidden + k];
                w.recurrent[(g * s.units + u) * s.units + k] = p.recurrent[row * s.hidden + k];
            }
            for (int64_t k = 0; k < s.inputs; k++) to[4 * (s.units + k) * V] = p.input[row * s.inputs + k];
            to[4 * (s.units + s.inputs) * V] = p.bias_ih[row] + p.bias_hh[row];
        }
    const int64_t stride = s.units + V;
    std::memset(w.head, 0, sizeof(R) * s.outputs * stride);
    for (int64_t k = 0; k < s.outputs; k++) {
        std::memcpy(w.head + k * stride, p.head + k * s.hidden, sizeof(R) * s.hidden);
        w.head[k * stride + s.units] = p.head_bias[k];
    }
}

template <class R> void unpack(const Shape& s, const Work<R>& w, const Parameters<R>& p) {
    for (int64_t g = 0; g < 4; g++)
        for (int64_t u = 0; u < s.hidden; u++) {
            const int64_t row = g * s.hidden + u;
            const R* from = w.gradient + (g * s.units + u) * s.units;
            std::memcpy(p.recurrent + row * s.hidden, from, sizeof(R) * s.hidden);
            const R* outside = w.gradient + 4 * s.units * s.units + g * s.units + u;
            for (int64_t k = 0; k < s.inputs; k++) p.input[row * s.inputs + k] = outside[4 * s.units * k];
            p.bias_ih[row] = p.bias_hh[row] = outside[4 * s.units * s.inputs];
        }
    for (int64_t k = 0; k < s.outputs; k++) {
        std::memcpy(p.head + k * s.hidden, w.head_gradient + k * (s.units + Simd<R>::V), sizeof(R) * s.hidden);
        p.head_bias[k] = w.head_gradient[k * (s.units + Simd<R>::V) + s.units];
    }
}

template <class R>
double loss_and_gradient(const R* parameters, R* gradient, const R* x, const int64_t* target, const uint8_t* mask,
                         const Shape& s, R smoothing, R* space) {
    Work<R> w;
    lay_out(w, space, s, gradient != nullptr);
    pack<R>(s, w, Parameters<const R>(parameters, s));
    const int64_t z_step = s.batch * s.wide, cell_step = s.batch * s.units, gate_step = 4 * s.batch * s.units;
    const int64_t kept = gradient ? s.time : 1;
    int64_t count = 0;
    for (int64_t k = 0; k < s.batch * s.time; k++) {
        if (mask[k] && (target[k] < 0 || target[k] >= s.outputs)) return -1;  // no class: nothing was computed
        count += mask[k] != 0;
    }
    std::memset(w.z, 0, sizeof(R) * (kept + 1) * z_step);
    std::memset(w.cell, 0, sizeof(R) * cell_step);
    double loss = 0;
    for (int64_t t = 0; t < s.time; t++) {
        R* z = w.z + (gradient ? t : t % 2) * z_step;
        R* next = w.z + (gradient ? t + 1 : (t + 1) % 2) * z_step;
        R* cell = w.cell + (gradient ? t : t % 2) * cell_step;
        R* cell_next = w.cell + (gradient ? t + 1 : (t + 1) % 2) * cell_step;
        for (int64_t b = 0; b < s.batch; b++) {
            std::memcpy(z + b * s.wide + s.units, x + (b * s.time + t) * s.inputs, sizeof(R) * s.inputs);
            z[b * s.wide + s.units + s.inputs] = 1;
        }
        step<R>(s, w.packed, z, next, cell, cell_next, gradient ? w.gates + t * gate_step : nullptr);
        if (!gradient)
            for (int64_t b = 0; b < s.batch; b++)
                if (mask[b * s.time + t])
                    loss += readout<R>(s, w, next + b * s.wide, target[b * s.time + t], smoothing, 0.0, nullptr);
    }
    if (!gradient) return loss / count;

    std::memset(w.gradient, 0, sizeof(R) * 4 * s.units * s.wide);
    std::memset(w.head_gradient, 0, sizeof(R) * s.outputs * (s.units + Simd<R>::V));
    std::memset(w.back, 0, sizeof(R) * cell_step);
    std::memset(w.carry, 0, sizeof(R) * cell_step);
    const int64_t together = CHUNK / s.batch > 0 ? CHUNK / s.batch : 1;
    for (int64_t last = s.time; last > 0; last -= together) {
        const int64_t first = last > together ? last - together : 0;
        for (int64_t t = last - 1; t >= first; t--) {
            R* local = w.local + (t - first) * s.batch * s.stride;
            for (int64_t b = 0; b < s.batch; b++) {
                R* back = w.back + b * s.units;
                if (mask[b * s.time + t])
                    loss += readout<R>(s, w, w.z + (t + 1) * z_step + b * s.wide, target[b * s.time + t], smoothing,
                                       1.0 / count, back);
                gate_gradient<R>(s, w.gates + t * gate_step + b * 4 * s.units, w.cell + t * cell_step + b * s.units,
                                 w.cell + (t + 1) * cell_step + b * s.units, back, w.carry + b * s.units,
                                 local + b * s.stride);
            }
            product<R>(local, 1, s.stride, s.batch, w.recurrent, s.units, 4 * s.units, w.back, s.units, s.units,
                       false);
        }
        const int64_t rows = (last - first) * s.batch;
        R* z = w.z + first * z_step;
        product<R>(w.local, s.stride, 1, 4 * s.units, z, s.wide, rows, w.gradient, s.units, s.units, true);
        // inputs and bias are few: as rows they fill vectors that as columns would be mostly empty
        product<R>(z + s.units, s.wide, 1, s.inputs + 1, w.local, s.stride, rows,
                   w.gradient + 4 * s.units * s.units, 4 * s.units, 4 * s.units, true);
    }
    unpack<R>(s, w, Parameters<R>(gradient, s));
    return loss / count;
}

// one step of Adam with the gradient clipped to a norm, all in one pass
template <class R>
INLINE void adam(R* __restrict weights, const R* __restrict gradient, R* __restrict mean, R* __restrict square,
                 int64_t n, double rate, int64_t step, double most) {
    double norm = 0;
    for (int64_t first = 0; first < n; first += 1024) {
        R lanes[16] = {};
        const int64_t last = first + 1024 < n ? first + 1024 : n;
        int64_t k = first;
        for (; k + 16 <= last; k += 16)
            for (int64_t v = 0; v < 16; v++) lanes[v] += gradient[k + v] * gradient[k + v];
        for (; k < last; k++) lanes[0] += gradient[k] * gradient[k];
        for (int64_t v = 0; v < 16; v++) norm += lanes[v];
    }
    const double share = most / (std::sqrt(norm) + 1e-6);
    const R scale = R(share < 1 ? share : 1), b1 = R(0.9), b2 = R(0.999), epsilon = R(1e-8);
    const R root = R(1 / std::sqrt(1 - std::pow(0.999, double(step))));
    const R size = R(rate / (1 - std::pow(0.9, double(step))));
    for (int64_t k = 0; k < n; k++) {
        const R g = scale * gradient[k];
        mean[k] += (1 - b1) * (g - mean[k]);
        square[k] = b2 * square[k] + (1 - b2) * g * g;
        weights[k] -= size * mean[k] / (std::sqrt(square[k]) * root + epsilon);
    }
}

template <class R> Shape shape_of(const int64_t* n) {
    constexpr int64_t V = Simd<R>::V;
    const int64_t units = (n[3] + V - 1) / V * V;
    return {n[0], n[1], n[2], n[3], n[4], units, (units + n[2] + 1 + V - 1) / V * V, 4 * units + V};
}

#define EXPORT(R, NAME)                                                                                              \
    extern "C" int64_t NAME##_space(const int64_t* n, int gradient) {                                                \
        Work<R> w;                                                                                                   \
        return lay_out<R>(w, nullptr, shape_of<R>(n), gradient != 0);                                                \
    }                                                                                                                \
    extern "C" double NAME(const R* parameters, R* gradient, const R* x, const int64_t* target, const uint8_t* mask, \
                           const int64_t* n, double smoothing, R* space) {                                           \
        return loss_and_gradient<R>(parameters, gradient, x, target, mask, shape_of<R>(n), R(smoothing), space);     \
    }                                                                                                                \
    extern "C" void NAME##_adam(R* __restrict weights, const R* __restrict gradient, R* __restrict mean,             \
                                R* __restrict square, int64_t n, double rate, int64_t step, double most) {           \
        adam<R>(weights, gradient, mean, square, n, rate, step, most);                                               \
    }

EXPORT(float, lstm_float32)
EXPORT(double, lstm_float64)
