#include "core/evaluation/Protocol.h"

#include "core/mask/Metrics.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <map>
#include <numeric>
#include <random>

namespace icmoe::evaluation {

namespace {

constexpr int kMostClicks = 20;
constexpr double kHighestWanted = 0.9; ///< whose number of clicks is asked for
constexpr int kResamples = 2000;

Prompt promptOf(PromptId id, decltype(Prompt::shape) shape)
{
    Prompt prompt;
    prompt.id = id;
    prompt.shape = std::move(shape);
    return prompt;
}

double secondsSince(std::chrono::steady_clock::time_point start)
{
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

QualityPair qualityOf(const SliceMask& truth, const Candidate& answer)
{
    return {answer.predictedIou, iou(truth, answer.mask)};
}

CaseScore scoreOf(const SliceMask& truth, const Proposal& proposal, std::chrono::steady_clock::time_point start)
{
    const auto& answer = proposal.candidates.front();
    return {{}, {dice(truth, answer.mask)}, secondsSince(start), {qualityOf(truth, answer)}};
}

std::optional<SliceMask> largestPiece(const SliceMask& mask)
{
    auto pieces = connectedComponents(mask);
    return pieces.empty() ? std::nullopt : std::optional(std::move(pieces.front()));
}

/// A click on the same pixel: the same again changes nothing, the opposite is refused by the engine.
bool isTaken(const std::vector<Prompt>& prompts, const PointPrompt& click)
{
    return std::any_of(prompts.begin(), prompts.end(),
                       [&](const Prompt& prompt) { return std::get<PointPrompt>(prompt.shape).at == click.at; });
}

} // namespace

Result<Protocol> parseProtocol(const std::string& text)
{
    if (text == "box") {
        return Protocol{.kind = Protocol::Kind::box};
    }
    if (text == "scribble") {
        return Protocol{.kind = Protocol::Kind::scribble};
    }
    if (text == "noc") {
        return Protocol{Protocol::Kind::clicks, kMostClicks, kHighestWanted};
    }
    constexpr std::string_view kClicks = "clicks:";
    int count = 0;
    if (text.starts_with(kClicks)) {
        const char* begin = text.data() + kClicks.size();
        const char* end = text.data() + text.size();
        const auto [stop, error] = std::from_chars(begin, end, count);
        if (error == std::errc() && stop == end && count >= 1 && count <= kMostClicks) {
            return Protocol{Protocol::Kind::clicks, count, 1};
        }
    }
    return fail(ErrorCode::invalidArgument,
                "a protocol is box, clicks:N (1 to 20), noc or scribble, found \"" + text + "\"");
}

BoxPrompt tightBox(const SliceMask& truth)
{
    const auto box = truth.bounds().value_or(PixelBox{});
    return {double(box.x0), double(box.y0), double(box.x1), double(box.y1)};
}

std::optional<PointPrompt> nextClick(const SliceMask& truth, const SliceMask& answer)
{
    const auto missed = largestPiece(truth.subtracted(answer));
    const auto wrong = largestPiece(answer.subtracted(truth));
    if (!missed && !wrong) {
        return std::nullopt;
    }
    const bool inside = missed && (!wrong || missed->area() >= wrong->area());
    const auto at = interiorMostPixel(inside ? *missed : *wrong);
    return at ? std::optional(PointPrompt{*at, inside}) : std::nullopt;
}

Result<CaseScore> playBox(const SliceMask& truth, const Ask& ask)
{
    const auto start = std::chrono::steady_clock::now();
    const auto proposal = ask({promptOf(1, tightBox(truth))});
    if (!proposal) {
        return fail(proposal.error());
    }
    return scoreOf(truth, *proposal, start);
}

Result<CaseScore> playScribbles(const SliceMask& truth, std::vector<ScribblePrompt> strokes, const Ask& ask)
{
    const auto start = std::chrono::steady_clock::now();
    std::vector<Prompt> prompts;
    prompts.reserve(strokes.size());
    for (auto& stroke : strokes) {
        prompts.push_back(promptOf(prompts.size() + 1, std::move(stroke)));
    }
    const auto proposal = ask(std::move(prompts));
    if (!proposal) {
        return fail(proposal.error());
    }
    return scoreOf(truth, *proposal, start);
}

Result<CaseScore> playClicks(const SliceMask& truth, const Protocol& protocol, const Ask& ask)
{
    const auto start = std::chrono::steady_clock::now();
    CaseScore score;
    SliceMask answer(truth.width(), truth.height());
    std::vector<Prompt> prompts;
    for (int n = 0; n < protocol.clicks; ++n) {
        const auto click = nextClick(truth, answer);
        const bool isEnough = !score.dice.empty() && score.dice.back() >= protocol.enough;
        if (!click || isEnough || isTaken(prompts, *click)) {
            break;
        }
        prompts.push_back(promptOf(prompts.size() + 1, *click));
        auto proposal = ask(prompts);
        if (!proposal) {
            return fail(proposal.error());
        }
        score.quality.push_back(qualityOf(truth, proposal->candidates.front()));
        answer = std::move(proposal->candidates.front().mask);
        score.dice.push_back(dice(truth, answer));
    }
    score.dice.resize(static_cast<std::size_t>(protocol.clicks), score.dice.empty() ? 0.0 : score.dice.back());
    score.seconds = secondsSince(start);
    return score;
}

double meanDice(const std::vector<CaseScore>& scores, std::size_t n)
{
    double sum = 0;
    for (const CaseScore& score : scores) {
        sum += score.dice.at(n);
    }
    return scores.empty() ? 0 : sum / double(scores.size());
}

std::array<double, 2> bootstrapInterval(const std::vector<CaseScore>& scores, unsigned seed)
{
    std::map<std::string, std::vector<double>> byPicture;
    for (const CaseScore& score : scores) {
        byPicture[score.picture].push_back(score.dice.back());
    }
    if (byPicture.empty()) {
        return {0, 0};
    }
    std::vector<std::pair<double, double>> pictures; // sum and count
    pictures.reserve(byPicture.size());
    for (const auto& [picture, values] : byPicture) {
        pictures.emplace_back(std::accumulate(values.begin(), values.end(), 0.0), double(values.size()));
    }
    std::mt19937 random(seed); // its sequence is fixed by the standard; distributions are not, so none is used
    std::vector<double> means;
    for (int r = 0; r < kResamples; ++r) {
        double sum = 0;
        double count = 0;
        for (std::size_t p = 0; p < pictures.size(); ++p) {
            const auto& [s, c] = pictures[random() % pictures.size()];
            sum += s;
            count += c;
        }
        means.push_back(sum / count);
    }
    std::sort(means.begin(), means.end());
    return {means[kResamples * 25 / 1000], means[kResamples * 975 / 1000 - 1]};
}

Reliability reliabilityOf(const std::vector<QualityPair>& pairs)
{
    constexpr int kBins = 10;
    Reliability result;
    for (int n = 0; n < kBins; ++n) {
        result.bins.push_back({double(n) / kBins, double(n + 1) / kBins, 0, {}});
    }
    for (const auto& pair : pairs) {
        auto& bin = result.bins[static_cast<std::size_t>(std::clamp(int(pair.predicted * kBins), 0, kBins - 1))];
        ++bin.count;
        bin.mean.predicted += pair.predicted;
        bin.mean.actual += pair.actual;
    }
    for (auto& bin : result.bins) {
        if (bin.count > 0) {
            const auto count = double(bin.count);
            bin.mean = {bin.mean.predicted / count, bin.mean.actual / count};
            result.calibrationError += std::abs(bin.mean.predicted - bin.mean.actual) * count / double(pairs.size());
        }
    }
    return result;
}

ClicksToDice clicksTo(const std::vector<CaseScore>& scores, double wanted, int cap)
{
    ClicksToDice result;
    for (const CaseScore& score : scores) {
        const auto end = score.dice.begin() + std::min<std::ptrdiff_t>(cap, std::ssize(score.dice));
        const auto there = std::find_if(score.dice.begin(), end, [&](double value) { return value >= wanted; });
        result.mean += there == end ? cap : double(there - score.dice.begin() + 1);
        result.neverShare += there == end ? 1 : 0;
    }
    const double count = std::max<double>(double(scores.size()), 1);
    return {result.mean / count, result.neverShare / count};
}

} // namespace icmoe::evaluation
