#include "inference/cuda/VoteTwin.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <omp.h>

// One source, two instruction sets; which copy runs is decided when the program starts.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(ICMOE_SANITIZED)
#define ICMOE_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define ICMOE_CLONES
#endif

namespace icmoe::cuda {
namespace {

constexpr float kNoWeight = 1e-12F;

/// Where the pixels of an axis lie between those of the smaller grid.
struct Axis {
    std::unique_ptr<int[]> low, high;
    std::unique_ptr<float[]> share; ///< of `high`

    [[nodiscard]] bool make(int size, int votesSize)
    {
        const auto count = static_cast<std::size_t>(size);
        low.reset(new (std::nothrow) int[count]);
        high.reset(new (std::nothrow) int[count]);
        share.reset(new (std::nothrow) float[count]);
        if (!low || !high || !share) {
            return false;
        }
        const int steps = 2 * size; // of a pixel of the smaller grid
        for (int n = 0; n < size; ++n) {
            const int at = std::max((2 * n + 1) * votesSize - size, 0);
            low[static_cast<std::size_t>(n)] = at / steps;
            high[static_cast<std::size_t>(n)] = std::min(at / steps + 1, votesSize - 1);
            share[static_cast<std::size_t>(n)] = static_cast<float>(at % steps) / static_cast<float>(steps);
        }
        return true;
    }
};

/// e^x for x ≤ 0, to 2e-7 of the value; 1 at 0; not below 1e-38. Without branches, so that loops over it vectorise.
inline float expOfNegative(float x)
{
    x = x < -87.0F ? -87.0F : x; // a NaN stays one
    constexpr float kRound = 12582912.0F;
    const float shifted = x * 1.44269504F + kRound; // the nearest whole number is in its last bits
    const float n = shifted - kRound;
    const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
    float y = 1.9875691500e-4F;
    y = y * r + 1.3981999507e-3F;
    y = y * r + 8.3334519073e-3F;
    y = y * r + 4.1665795894e-2F;
    y = y * r + 1.6666665459e-1F;
    y = y * r + 5.0000001201e-1F;
    y = y * r * r + r + 1;
    return y * std::bit_cast<float>((std::bit_cast<std::uint32_t>(shifted) + 127U) << 23U);
}

struct Row {
    const IcmoeVoteInput& in;
    const IcmoeVoteOutput& out;
    const Axis& x;
    const Axis& y;
};

std::size_t roomOf(const IcmoeVoteInput& in)
{
    return static_cast<std::size_t>(in.voices + 4) * static_cast<std::size_t>(in.width) +
           static_cast<std::size_t>(in.votesWidth);
}

/// One row of pixels. `room`: roomOf() floats.
ICMOE_CLONES void voteOnRow(const Row& row, int line, float* room)
{
    const auto& in = row.in;
    const int width = in.width;
    const auto wide = static_cast<std::size_t>(width);
    const std::size_t pixels = wide * static_cast<std::size_t>(in.height);
    const std::size_t first = wide * static_cast<std::size_t>(line);
    float* const weights = room; // [voices, width]
    float* const most = weights + static_cast<std::size_t>(in.voices) * wide;
    float* const all = most + width;
    float* const left = all + width;
    float* const p = left + width;
    float* const drawn = p + width; // [votesWidth]
    const float share = row.y.share[static_cast<std::size_t>(line)];
    const bool doubles = width == 2 * in.votesWidth;
    for (int v = 0; v < in.voices; ++v) {
        const float* const of = in.votes + static_cast<std::size_t>(v) * static_cast<std::size_t>(in.votesHeight) *
                                               static_cast<std::size_t>(in.votesWidth);
        const auto line0 = static_cast<std::size_t>(row.y.low[static_cast<std::size_t>(line)]);
        const auto line1 = static_cast<std::size_t>(row.y.high[static_cast<std::size_t>(line)]);
        const float* const above = of + line0 * static_cast<std::size_t>(in.votesWidth);
        const float* const below = of + line1 * static_cast<std::size_t>(in.votesWidth);
#pragma omp simd
        for (int i = 0; i < in.votesWidth; ++i) {
            drawn[i] = (1 - share) * above[i] + share * below[i];
        }
        float* const own = weights + static_cast<std::size_t>(v) * wide;
        if (doubles) { // quarters and three quarters, without looking anything up
            own[0] = drawn[0];
#pragma omp simd
            for (int i = 0; i < in.votesWidth - 1; ++i) {
                own[2 * i + 1] = 0.75F * drawn[i] + 0.25F * drawn[i + 1];
                own[2 * i + 2] = 0.25F * drawn[i] + 0.75F * drawn[i + 1];
            }
            own[width - 1] = drawn[in.votesWidth - 1];
        } else {
#pragma omp simd
            for (int i = 0; i < width; ++i) {
                own[i] =
                    (1 - row.x.share[static_cast<std::size_t>(i)]) * drawn[row.x.low[static_cast<std::size_t>(i)]] +
                    row.x.share[static_cast<std::size_t>(i)] * drawn[row.x.high[static_cast<std::size_t>(i)]];
            }
        }
#pragma omp simd
        for (int i = 0; i < width; ++i) {
            most[i] = v == 0 || own[i] > most[i] ? own[i] : most[i];
        }
    }
    std::fill(all, all + 3 * wide, 0.0F); // and left, p
    for (int v = 0; v < in.voices; ++v) {
        float* const own = weights + static_cast<std::size_t>(v) * wide;
        const float kept = in.kept[v] != 0 ? 1.0F : 0.0F;
#pragma omp simd
        for (int i = 0; i < width; ++i) {
            const float e = expOfNegative(own[i] - most[i]);
            all[i] += e;
            own[i] = kept * e;
            left[i] += own[i];
        }
    }
    for (int v = 0; v < in.voices; ++v) {
        const float* const own = weights + static_cast<std::size_t>(v) * wide;
        const std::size_t place = static_cast<std::size_t>(v) * pixels + first;
        const float* const logits = in.logits + place;
        float* const to = row.out.weights + place;
        const float alone = v == in.heaviest ? 1.0F : 0.0F;
#pragma omp simd
        for (int i = 0; i < width; ++i) {
            const float share1 = left[i] > kNoWeight * all[i] ? own[i] / left[i] : alone;
            const float z = logits[i];
            const float e = expOfNegative(-std::fabs(z));
            p[i] += share1 * ((z >= 0 ? 1.0F : e) / (1 + e));
            to[i] = share1;
        }
    }
    float* const same = most;
    std::fill(same, same + wide, 0.0F);
    for (int v = 0; v < in.voices; ++v) {
        const std::size_t place = static_cast<std::size_t>(v) * pixels + first;
        const float* const logits = in.logits + place;
        const float* const weight = row.out.weights + place;
#pragma omp simd
        for (int i = 0; i < width; ++i) {
            same[i] += (logits[i] >= 0) == (p[i] >= 0.5F) ? weight[i] : 0.0F; // σ(z) ≥ ½ where z ≥ 0
        }
    }
    float* const toP = row.out.p + first;
    float* const toDisagreement = row.out.disagreement + first;
#pragma omp simd
    for (int i = 0; i < width; ++i) {
        toP[i] = p[i];
        const float other = 1 - same[i];
        toDisagreement[i] = other < 0 ? 0.0F : other;
    }
}

bool isComplete(const IcmoeVoteInput* in, const IcmoeVoteOutput* out)
{
    constexpr int kMost = ICMOE_CUDA_MOST_SIDE;
    return in != nullptr && out != nullptr && in->logits != nullptr && in->votes != nullptr && in->kept != nullptr &&
           out->p != nullptr && out->weights != nullptr && out->disagreement != nullptr && in->voices > 0 &&
           in->height > 0 && in->height <= kMost && in->width > 0 && in->width <= kMost && in->votesHeight > 0 &&
           in->votesHeight <= kMost && in->votesWidth > 0 && in->votesWidth <= kMost && in->heaviest >= 0 &&
           in->heaviest < in->voices &&
           std::any_of(in->kept, in->kept + in->voices, [](unsigned char flag) { return flag != 0; });
}

} // namespace

int voteOnProcessor(const IcmoeVoteInput* input, const IcmoeVoteOutput* output, void* /*stream*/) noexcept
{
    if (!isComplete(input, output)) {
        return ICMOE_VOTE_INVALID;
    }
    Axis x;
    Axis y;
    const int threads = std::min(omp_get_max_threads(), input->height);
    const std::size_t each = roomOf(*input);
    const std::unique_ptr<float[]> room(new (std::nothrow) float[each * static_cast<std::size_t>(threads)]);
    if (!room || !x.make(input->width, input->votesWidth) || !y.make(input->height, input->votesHeight)) {
        return ICMOE_VOTE_NO_MEMORY;
    }
    const Row row = {*input, *output, x, y};
#pragma omp parallel for num_threads(threads) schedule(static)
    for (int line = 0; line < input->height; ++line) {
        voteOnRow(row, line, room.get() + each * static_cast<std::size_t>(omp_get_thread_num()));
    }
    return ICMOE_VOTE_DONE;
}

} // namespace icmoe::cuda
