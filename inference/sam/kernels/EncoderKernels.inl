// Included by one .cpp a instruction set, which sets ICMOE_KERNEL_LANES and ICMOE_KERNEL_FACTORY. Nothing from the
// standard library is used here: an inline function compiled for a newer processor could otherwise be shared with code
// that has to run on an older one.
#include "inference/sam/kernels/EncoderKernels.h"

namespace icmoe {
namespace {

constexpr long kLanes = ICMOE_KERNEL_LANES;
constexpr long kPanel = 2 * kLanes;
constexpr int kTileRows = 6;

using Vec = float __attribute__((vector_size(kLanes * 4)));
using LooseVec = float __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));
using IntVec = int __attribute__((vector_size(kLanes * 4)));

inline Vec load(const float* p)
{
    return *reinterpret_cast<const LooseVec*>(p);
}
inline void store(float* p, Vec v)
{
    *reinterpret_cast<LooseVec*>(p) = v;
}
inline Vec splat(float v)
{
    return v - Vec{}; // x − 0 is x, so this is a broadcast and no addition
}
inline Vec larger(Vec a, Vec b)
{
    return a > b ? a : b;
}
inline float sumOf(Vec v)
{
    float sum = 0;
    for (long n = 0; n < kLanes; ++n) {
        sum += v[n];
    }
    return sum;
}
inline float largestOf(Vec v)
{
    float best = v[0];
    for (long n = 1; n < kLanes; ++n) {
        best = v[n] > best ? v[n] : best;
    }
    return best;
}

/// e^x for x ≤ 0, below −87 as e^−87: x = n·ln 2 + r, a polynomial for e^r, n into the exponent. Relative error about
/// 1e-7.
inline Vec expOfNegative(Vec x)
{
    constexpr float kRound = 12582912.0F; // 1.5 · 2²³: adding it leaves the nearest integer in the low bits
    x = larger(x, splat(-87.0F));
    const Vec shifted = x * 1.44269504F + kRound;
    const Vec n = shifted - kRound;
    const Vec r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
    Vec p = splat(1.9875691500e-4F);
    p = p * r + 1.3981999507e-3F;
    p = p * r + 8.3334519073e-3F;
    p = p * r + 4.1665795894e-2F;
    p = p * r + 1.6666665459e-1F;
    p = p * r + 5.0000001201e-1F;
    p = p * (r * r) + r + 1.0F;
    const IntVec exponent = (reinterpret_cast<IntVec>(shifted) << 23) + (127 << 23);
    return p * reinterpret_cast<Vec>(exponent);
}

/// x/2 · (1 + erf(x/√2)); erf by Abramowitz and Stegun 7.1.26, absolute error 1.5e-7.
inline Vec gelu(Vec x)
{
    const Vec magnitude = x < 0.0F ? -x : x;
    const Vec t = 1.0F / (magnitude * (0.3275911F * 0.70710678F) + 1.0F);
    Vec p = splat(1.061405429F);
    p = p * t - 1.453152027F;
    p = p * t + 1.421413741F;
    p = p * t - 0.284496736F;
    p = p * t + 0.254829592F;
    const Vec tail = p * t * expOfNegative(x * x * -0.5F); // 1 − erf(|x|/√2)
    const Vec half = x * 0.5F;
    const Vec positive = x - half * tail;
    const Vec negative = half * tail;
    return x < 0.0F ? negative : positive;
}

/// Products of R rows with one panel.
template<int R>
struct Tile {
    Vec sums[R][2];

    void accumulate(const float* a, long aStride, const float* b, long depth)
    {
        const float* row[R];
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            row[r] = a + r * aStride;
            sums[r][0] = Vec{};
            sums[r][1] = Vec{};
        }
        for (long k = 0; k < depth; ++k) {
            const Vec b0 = load(b + k * kPanel);
            const Vec b1 = load(b + k * kPanel + kLanes);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) {
                const Vec value = splat(row[r][k]);
                sums[r][0] += value * b0;
                sums[r][1] += value * b1;
            }
        }
    }
};

/// Calls `work` for groups of at most six rows, as equal as they can be: a last group of one row would idle.
template<typename Work>
inline void forRowGroups(long rows, Work&& work)
{
    const long groups = (rows + kTileRows - 1) / kTileRows;
    long first = 0;
    for (long g = 0; g < groups; ++g) {
        const long count = rows / groups + (g < rows % groups ? 1 : 0);
        switch (count) {
        case 6:
            work(Tile<6>{}, first);
            break;
        case 5:
            work(Tile<5>{}, first);
            break;
        case 4:
            work(Tile<4>{}, first);
            break;
        case 3:
            work(Tile<3>{}, first);
            break;
        case 2:
            work(Tile<2>{}, first);
            break;
        default:
            work(Tile<1>{}, first);
            break;
        }
        first += count;
    }
}

template<Epilogue kEpilogue>
void linearWith(const LinearCall& call)
{
    for (long column = 0; column < call.columns; column += kPanel) {
        const float* panel = call.weights + column * call.depth;
        const Vec bias0 = load(call.bias + column);
        const Vec bias1 = load(call.bias + column + kLanes);
        forRowGroups(call.rows, [&]<int R>(Tile<R> tile, long first) {
            tile.accumulate(call.a + first * call.aStride, call.aStride, panel, call.depth);
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) {
                Vec y0 = tile.sums[r][0] + bias0;
                Vec y1 = tile.sums[r][1] + bias1;
                if constexpr (kEpilogue == Epilogue::addResidual || kEpilogue == Epilogue::addResidualGelu) {
                    const float* residual = call.residual + (first + r) * call.residualStride + column;
                    y0 += load(residual);
                    y1 += load(residual + kLanes);
                }
                if constexpr (kEpilogue == Epilogue::gelu || kEpilogue == Epilogue::addResidualGelu) {
                    y0 = gelu(y0);
                    y1 = gelu(y1);
                }
                float* out = call.c + (first + r) * call.cStride + column;
                store(out, y0);
                store(out + kLanes, y1);
            }
        });
    }
}

void linear(const LinearCall& call)
{
    switch (call.epilogue) {
    case Epilogue::store:
        return linearWith<Epilogue::store>(call);
    case Epilogue::gelu:
        return linearWith<Epilogue::gelu>(call);
    case Epilogue::addResidual:
        return linearWith<Epilogue::addResidual>(call);
    case Epilogue::addResidualGelu:
        return linearWith<Epilogue::addResidualGelu>(call);
    }
}

void layerNorm(const float* x, long xStride, float* y, long yStride, long rows, long channels, const float* weight,
               const float* bias, float epsilon)
{
    const float share = 1.0F / static_cast<float>(channels);
    for (long row = 0; row < rows; ++row, x += xStride, y += yStride) {
        Vec sum = {};
        for (long c = 0; c < channels; c += kLanes) {
            sum += load(x + c);
        }
        const float mean = sumOf(sum) * share;
        Vec squares = {};
        for (long c = 0; c < channels; c += kLanes) {
            const Vec centred = load(x + c) - mean;
            squares += centred * centred;
        }
        const float scale = 1.0F / __builtin_sqrtf(sumOf(squares) * share + epsilon);
        for (long c = 0; c < channels; c += kLanes) {
            store(y + c, (load(x + c) - mean) * scale * load(weight + c) + load(bias + c));
        }
    }
}

void depthwiseRow(const DepthwiseCall& call)
{
    const long channels = call.channels;
    for (long column = 0; column < call.columns; ++column) {
        const long begin = column * call.stride * channels;
        float* out = call.out + column * channels;
        for (long c = 0; c < channels; c += kLanes) {
            Vec sum = load(call.bias + c);
            const float* weight = call.weights + c;
#pragma GCC unroll 3
            for (int dy = 0; dy < 3; ++dy) {
                const float* in = call.rows[dy] + begin + c;
#pragma GCC unroll 3
                for (int dx = 0; dx < 3; ++dx) {
                    sum += load(in + dx * channels) * load(weight + (3 * dy + dx) * channels);
                }
            }
            store(out + c, call.gelu ? gelu(sum) : sum);
        }
    }
}

/// Softmax of the rows' scores without the division, which comes after the product with v: sums [tokens] get 1/Σ.
void softmaxRows(float* scores, const float* bias, long tokens, long padded, float* inverse)
{
    for (long row = 0; row < tokens; ++row, scores += padded, bias += padded) {
        Vec most = splat(-1e30F);
        for (long c = 0; c < padded; c += kLanes) {
            const Vec score = load(scores + c) + load(bias + c);
            store(scores + c, score);
            most = larger(most, score);
        }
        const Vec top = splat(largestOf(most));
        Vec sum = {};
        for (long c = 0; c < padded; c += kLanes) {
            const Vec weight = expOfNegative(load(scores + c) - top);
            store(scores + c, weight);
            sum += weight;
        }
        inverse[row] = 1.0F / sumOf(sum);
    }
}

void attention(const AttentionCall& call)
{
    constexpr long kWidth = 32;
    const long tokens = call.tokens;
    const long padded = paddedTokens(tokens, kPanel);
    const long stride = call.heads * 3 * kWidth;
    float* keys = call.scratch;               // [padded / panel][32][panel]
    float* values = keys + padded * kWidth;   // [32 / panel][tokens][panel]
    float* scores = values + padded * kWidth; // [tokens][padded]
    float* inverse = scores + tokens * padded;
    for (long head = 0; head < call.heads; ++head) {
        const float* q = call.qkv + head * 3 * kWidth;
        for (long token = 0; token < padded; ++token) {
            float* to = keys + token / kPanel * kPanel * kWidth + token % kPanel;
            const float* k = q + token * stride + kWidth;
            for (long n = 0; n < kWidth; ++n) {
                to[n * kPanel] = token < tokens ? k[n] : 0.0F;
            }
        }
        for (long token = 0; token < tokens; ++token) {
            const float* v = q + token * stride + 2 * kWidth;
            for (long n = 0; n < kWidth; n += kLanes) {
                store(values + n / kPanel * kPanel * tokens + token * kPanel + n % kPanel, load(v + n));
            }
        }
        for (long column = 0; column < padded; column += kPanel) {
            forRowGroups(tokens, [&]<int R>(Tile<R> tile, long first) {
                tile.accumulate(q + first * stride, stride, keys + column * kWidth, kWidth);
                for (int r = 0; r < R; ++r) {
                    store(scores + (first + r) * padded + column, tile.sums[r][0]);
                    store(scores + (first + r) * padded + column + kLanes, tile.sums[r][1]);
                }
            });
        }
        softmaxRows(scores, call.bias + head * tokens * padded, tokens, padded, inverse);
        for (long column = 0; column < kWidth; column += kPanel) {
            forRowGroups(tokens, [&]<int R>(Tile<R> tile, long first) {
                tile.accumulate(scores + first * padded, padded, values + column * tokens, tokens);
                for (int r = 0; r < R; ++r) {
                    float* out = call.out + (first + r) * call.heads * kWidth + head * kWidth + column;
                    store(out, tile.sums[r][0] * inverse[first + r]);
                    store(out + kLanes, tile.sums[r][1] * inverse[first + r]);
                }
            });
        }
    }
}

constexpr EncoderKernels kKernels{ICMOE_KERNEL_NAME, kPanel, linear, layerNorm, depthwiseRow, attention};

} // namespace

const EncoderKernels& ICMOE_KERNEL_FACTORY()
{
    return kKernels;
}

} // namespace icmoe
