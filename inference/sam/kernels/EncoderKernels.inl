// Included by one .cpp a instruction set, which sets ICMOE_KERNEL_LANES and ICMOE_KERNEL_FACTORY, and ICMOE_KERNEL_BF16
// where products are of bf16 pairs. Nothing from the standard library is used here: an inline function compiled for a
// newer processor could otherwise be shared with code that has to run on an older one.
#include "inference/sam/kernels/EncoderKernels.h"

#ifdef ICMOE_KERNEL_BF16
#include <immintrin.h> // its functions are inlined always
#endif

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

#ifdef ICMOE_KERNEL_BF16
/// x/2 · (1 + erf(x/√2)) within 1e-4, which is far below what rounding to bf16 costs: erf(x/√2)/x as a minimax
/// polynomial in x² that is exactly 1/x at ±4.25, where erf is 1 for the purpose.
inline Vec gelu(Vec x)
{
    const Vec inside = larger(splat(-4.25F), x < 4.25F ? x : splat(4.25F));
    const Vec square = inside * inside;
    Vec p = splat(-1.69205816e-9F);
    p = p * square + 1.51414960e-7F;
    p = p * square - 5.87755630e-6F;
    p = p * square + 1.31053471e-4F;
    p = p * square - 1.88088953e-3F;
    p = p * square + 1.85156222e-2F;
    p = p * square - 1.30906954e-1F;
    p = p * square + 7.9684007e-1F;
    const Vec half = x * 0.5F;
    return half + half * (inside * p);
}
#else
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
#endif

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

/// Calls `work` with a T of so many rows for groups of at most six, as equal as they can be: a last group of one row
/// would idle.
template<template<int> class T, typename Work>
inline void forRowGroups(long rows, Work&& work)
{
    const long groups = (rows + kTileRows - 1) / kTileRows;
    long first = 0;
    for (long g = 0; g < groups; ++g) {
        const long count = rows / groups + (g < rows % groups ? 1 : 0);
        switch (count) {
        case 6:
            work(T<6>{}, first);
            break;
        case 5:
            work(T<5>{}, first);
            break;
        case 4:
            work(T<4>{}, first);
            break;
        case 3:
            work(T<3>{}, first);
            break;
        case 2:
            work(T<2>{}, first);
            break;
        default:
            work(T<1>{}, first);
            break;
        }
        first += count;
    }
}

/// Stores the products of R rows from `first` on with the panel that begins at `column`.
template<Epilogue kEpilogue, int R>
inline void finish(const LinearCall& call, const Vec (&sums)[R][2], long first, long column)
{
    const Vec bias0 = load(call.bias + column);
    const Vec bias1 = load(call.bias + column + kLanes);
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
        Vec y0 = sums[r][0] + bias0;
        Vec y1 = sums[r][1] + bias1;
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
}

#ifdef ICMOE_KERNEL_BF16
static_assert(kLanes == 16);

/// Two neighbours of a row as bf16 in one word.
using Pair = unsigned;
using HalfWords = unsigned short __attribute__((vector_size(32)));
using Words = unsigned __attribute__((vector_size(64)));
using LooseWords = unsigned __attribute__((vector_size(64), aligned(4), may_alias));
constexpr long kPairsAtOnce = 20480; // of rows that are converted before they meet the weights: 80 KiB

/// Products of R rows of pairs with one panel of pairs. Sums are fp32.
template<int R>
struct PairTile {
    Vec sums[R][2];

    void accumulate(const Pair* a, long aStride, const Pair* b, long pairs)
    {
        __m512 sum[R][2];
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            sum[r][0] = _mm512_setzero_ps();
            sum[r][1] = _mm512_setzero_ps();
        }
        for (long k = 0; k < pairs; ++k) {
            const auto b0 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + k * kPanel));
            const auto b1 = reinterpret_cast<__m512bh>(_mm512_loadu_si512(b + k * kPanel + kLanes));
#pragma GCC unroll 8
            for (int r = 0; r < R; ++r) {
                const auto value = reinterpret_cast<__m512bh>(_mm512_set1_epi32(static_cast<int>(a[r * aStride + k])));
                sum[r][0] = _mm512_dpbf16_ps(sum[r][0], value, b0);
                sum[r][1] = _mm512_dpbf16_ps(sum[r][1], value, b1);
            }
        }
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
            sums[r][0] = reinterpret_cast<Vec>(sum[r][0]);
            sums[r][1] = reinterpret_cast<Vec>(sum[r][1]);
        }
    }
};

/// Rows to bf16, rounded to nearest even; a row of odd depth ends in a zero.
void toPairs(const float* from, long stride, long rows, long depth, Pair* to)
{
    const long pairs = (depth + 1) / 2;
    for (long row = 0; row < rows; ++row, from += stride, to += pairs) {
        for (long at = 0; at < depth; at += kLanes) {
            const long count = depth - at < kLanes ? depth - at : kLanes;
            const auto these = static_cast<__mmask16>((1U << static_cast<unsigned>(count)) - 1U);
            const auto words = static_cast<__mmask16>((1U << static_cast<unsigned>((count + 1) / 2)) - 1U);
            const __m512 values = _mm512_maskz_loadu_ps(these, from + at);
            const auto rounded = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(values));
            _mm256_mask_storeu_epi32(to + at / 2, static_cast<__mmask8>(words), rounded);
        }
    }
}

template<Epilogue kEpilogue>
void linearWith(const LinearCall& call)
{
    const long pairs = (call.depth + 1) / 2;
    const auto* weights = static_cast<const Pair*>(call.weights);
    alignas(64) Pair converted[kPairsAtOnce];
    const long most = kPairsAtOnce / pairs;
    const long parts = (call.rows + most - 1) / most;
    for (long part = 0, begin = 0; part < parts; ++part) {
        const long rows = call.rows / parts + (part < call.rows % parts ? 1 : 0);
        toPairs(call.a + begin * call.aStride, call.aStride, rows, call.depth, converted);
        for (long column = 0; column < call.columns; column += kPanel) {
            forRowGroups<PairTile>(rows, [&]<int R>(PairTile<R> tile, long first) {
                tile.accumulate(converted + first * pairs, pairs, weights + column * pairs, pairs);
                finish<kEpilogue>(call, tile.sums, begin + first, column);
            });
        }
        begin += rows;
    }
}
#else
template<Epilogue kEpilogue>
void linearWith(const LinearCall& call)
{
    const auto* weights = static_cast<const float*>(call.weights);
    for (long column = 0; column < call.columns; column += kPanel) {
        const float* panel = weights + column * call.depth;
        forRowGroups<Tile>(call.rows, [&]<int R>(Tile<R> tile, long first) {
            tile.accumulate(call.a + first * call.aStride, call.aStride, panel, call.depth);
            finish<kEpilogue>(call, tile.sums, first, column);
        });
    }
}
#endif

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

/// Neighbouring outputs of a row, which share the weights that they load.
template<int kCount>
inline void depthwiseOutputs(const DepthwiseCall& call, long column)
{
    const long channels = call.channels;
    const long step = call.stride * channels;
    for (long c = 0; c < channels; c += kLanes) {
        Vec sums[kCount];
#pragma GCC unroll 4
        for (int n = 0; n < kCount; ++n) {
            sums[n] = load(call.bias + c);
        }
#pragma GCC unroll 3
        for (int dy = 0; dy < 3; ++dy) {
            const float* in = call.rows[dy] + column * step + c;
#pragma GCC unroll 3
            for (int dx = 0; dx < 3; ++dx) {
                const Vec weight = load(call.weights + (3 * dy + dx) * channels + c);
#pragma GCC unroll 4
                for (int n = 0; n < kCount; ++n) {
                    sums[n] += load(in + n * step + dx * channels) * weight;
                }
            }
        }
#pragma GCC unroll 4
        for (int n = 0; n < kCount; ++n) {
            store(call.out + (column + n) * channels + c, call.gelu ? gelu(sums[n]) : sums[n]);
        }
    }
}

void depthwiseRow(const DepthwiseCall& call)
{
    long column = 0;
    for (; column + 4 <= call.columns; column += 4) {
        depthwiseOutputs<4>(call, column);
    }
    for (; column < call.columns; ++column) {
        depthwiseOutputs<1>(call, column);
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

#ifdef ICMOE_KERNEL_BF16
/// The row of pairs (a, b) of two rows of floats of one panel: what PairTile multiplies with.
inline void interleave(const float* a, const float* b, long width, Pair* to)
{
    for (long n = 0; n < width; n += kLanes) {
        const __m512 first = _mm512_loadu_ps(a + n);
        const __m512 second = b != nullptr ? _mm512_loadu_ps(b + n) : _mm512_setzero_ps();
        const auto low = __builtin_convertvector(reinterpret_cast<HalfWords>(_mm512_cvtneps_pbh(first)), Words);
        const auto high = __builtin_convertvector(reinterpret_cast<HalfWords>(_mm512_cvtneps_pbh(second)), Words);
        *reinterpret_cast<LooseWords*>(to + n) = low | high << 16U;
    }
}

void attention(const AttentionCall& call)
{
    static_assert(kPanel == 32);
    constexpr long kWidth = 32;
    constexpr long kPairs = kWidth / 2;
    const long tokens = call.tokens;
    const long padded = paddedTokens(tokens, kPanel);
    const long tokenPairs = (tokens + 1) / 2;
    const long stride = call.heads * 3 * kWidth;
    auto* keys = reinterpret_cast<Pair*>(call.scratch); // [padded / panel][16][panel]
    Pair* queries = keys + padded * kPairs;             // [tokens][16], then the keys before they are turned
    Pair* values = queries + padded * kPairs;           // [tokens / 2][32]
    float* scores = call.scratch + padded * 3 * kPairs; // [tokens][padded]
    float* inverse = scores + tokens * padded;
    auto* weights = reinterpret_cast<Pair*>(inverse + tokens); // [tokens][padded / 2]
    for (long head = 0; head < call.heads; ++head) {
        const float* q = call.qkv + head * 3 * kWidth;
        toPairs(q + kWidth, stride, tokens, kWidth, queries);
        for (long token = 0; token < padded; ++token) {
            Pair* to = keys + token / kPanel * kPanel * kPairs + token % kPanel;
            for (long n = 0; n < kPairs; ++n) {
                to[n * kPanel] = token < tokens ? queries[token * kPairs + n] : 0U;
            }
        }
        toPairs(q, stride, tokens, kWidth, queries);
        for (long pair = 0; pair < tokenPairs; ++pair) {
            const float* v = q + 2 * pair * stride + 2 * kWidth;
            interleave(v, 2 * pair + 1 < tokens ? v + stride : nullptr, kWidth, values + pair * kWidth);
        }
        for (long column = 0; column < padded; column += kPanel) {
            forRowGroups<PairTile>(tokens, [&]<int R>(PairTile<R> tile, long first) {
                tile.accumulate(queries + first * kPairs, kPairs, keys + column * kPairs, kPairs);
                for (int r = 0; r < R; ++r) {
                    store(scores + (first + r) * padded + column, tile.sums[r][0]);
                    store(scores + (first + r) * padded + column + kLanes, tile.sums[r][1]);
                }
            });
        }
        softmaxRows(scores, call.bias + head * tokens * padded, tokens, padded, inverse);
        toPairs(scores, padded, tokens, padded, weights);
        forRowGroups<PairTile>(tokens, [&]<int R>(PairTile<R> tile, long first) {
            tile.accumulate(weights + first * padded / 2, padded / 2, values, tokenPairs);
            for (int r = 0; r < R; ++r) {
                float* out = call.out + (first + r) * call.heads * kWidth + head * kWidth;
                store(out, tile.sums[r][0] * inverse[first + r]);
                store(out + kLanes, tile.sums[r][1] * inverse[first + r]);
            }
        });
    }
}
#else
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
            forRowGroups<Tile>(tokens, [&]<int R>(Tile<R> tile, long first) {
                tile.accumulate(q + first * stride, stride, keys + column * kWidth, kWidth);
                for (int r = 0; r < R; ++r) {
                    store(scores + (first + r) * padded + column, tile.sums[r][0]);
                    store(scores + (first + r) * padded + column + kLanes, tile.sums[r][1]);
                }
            });
        }
        softmaxRows(scores, call.bias + head * tokens * padded, tokens, padded, inverse);
        for (long column = 0; column < kWidth; column += kPanel) {
            forRowGroups<Tile>(tokens, [&]<int R>(Tile<R> tile, long first) {
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
#endif

#ifdef ICMOE_KERNEL_BF16
constexpr Products kProducts = Products::bf16;
#else
constexpr Products kProducts = Products::fp32;
#endif
constexpr EncoderKernels kKernels{ICMOE_KERNEL_NAME, kPanel, kProducts, linear, layerNorm, depthwiseRow, attention};

} // namespace

const EncoderKernels& ICMOE_KERNEL_FACTORY()
{
    return kKernels;
}

} // namespace icmoe
