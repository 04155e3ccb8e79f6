#include "inference/icmoe/VoteCount.h"

#include "inference/cuda/CudaModule.h"

#include <ATen/ATen.h>
#include <stdexcept>
#include <string>

namespace icmoe {
namespace {

/// How much a voice's mask and the majority's agree (IoU; two empty masks: 1).
double agreementOf(const float* logits, const float* majority, std::int64_t pixels)
{
    std::int32_t both = 0;
    std::int32_t either = 0;
    for (std::int64_t n = 0; n < pixels; ++n) {
        const std::int32_t own = logits[n] >= 0 ? 1 : 0;
        const std::int32_t most = majority[n] >= 0.5F ? 1 : 0;
        both += own & most;
        either += own | most;
    }
    return either > 0 ? static_cast<double>(both) / either : 1;
}

void vote(const IcmoeVoteInput& input, VoteCount& count)
{
    const IcmoeVoteOutput output = {count.outcome.p.mutable_data_ptr<float>(),
                                    count.outcome.weights.mutable_data_ptr<float>(),
                                    count.disagreement.mutable_data_ptr<float>()};
    if (const int error = cuda::vote(input, output); error != ICMOE_VOTE_DONE) {
        throw std::runtime_error("the vote could not be counted (error " + std::to_string(error) + ")");
    }
}

} // namespace

VoteCount countVotes(const at::Tensor& logits, const at::Tensor& votes, double threshold, int usedHeight, int usedWidth)
{
    if (logits.dim() != 3 || votes.dim() != 3 || votes.size(0) != logits.size(0)) {
        throw std::invalid_argument("a vote needs logits and votes of as many voices");
    }
    const auto z = logits.to(at::kCPU, at::kFloat).contiguous();
    const auto cast = votes.to(at::kCPU, at::kFloat).contiguous();
    const auto voices = static_cast<std::size_t>(z.size(0));
    std::vector<unsigned char> kept(voices, 1);
    IcmoeVoteInput input = {};
    input.logits = z.const_data_ptr<float>();
    input.votes = cast.const_data_ptr<float>();
    input.kept = kept.data();
    input.voices = static_cast<int>(voices);
    input.height = static_cast<int>(z.size(1));
    input.width = static_cast<int>(z.size(2));
    input.votesHeight = static_cast<int>(cast.size(1));
    input.votesWidth = static_cast<int>(cast.size(2));
    VoteCount count;
    count.outcome.p = at::empty({z.size(1), z.size(2)});
    count.outcome.weights = at::empty(z.sizes());
    count.disagreement = at::empty({z.size(1), z.size(2)});
    vote(input, count);
    const auto mean = count.outcome.weights.slice(1, 0, usedHeight).slice(2, 0, usedWidth).mean(at::IntArrayRef{1, 2});
    const auto heaviest = mean.argmax().item<std::int64_t>();
    input.heaviest = static_cast<int>(heaviest);
    const std::int64_t pixels = z.size(1) * z.size(2);
    bool drops = false;
    for (std::size_t voice = 0; voice < voices; ++voice) {
        const auto place = static_cast<std::int64_t>(voice);
        const bool dropped =
            place != heaviest &&
            agreementOf(input.logits + place * pixels, count.outcome.p.const_data_ptr<float>(), pixels) < threshold;
        count.outcome.dropped.push_back(dropped);
        kept[voice] = dropped ? 0 : 1;
        drops = drops || dropped;
    }
    if (drops) {
        vote(input, count);
    }
    return count;
}

VoteCount countVotesWithOperators(const at::Tensor& logits, const at::Tensor& votes, double threshold, int usedHeight,
                                  int usedWidth)
{
    const auto p = logits.sigmoid();
    VoteCount count;
    count.outcome = tally(p, weightsOf(votes), threshold, usedHeight, usedWidth);
    count.disagreement = disagreement(p, count.outcome);
    return count;
}

} // namespace icmoe
