#include "inference/icmoe/Council.h"

#include "inference/icmoe/LabelSearch.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <numeric>

namespace icmoe {
namespace {

constexpr std::size_t kVotingHypotheses = 2;
constexpr double kLeastPixels = 4;

/// Three of ten, spread over the sizes.
std::vector<std::size_t> previewPlaces(std::size_t count)
{
    if (count > 3) {
        return {1, 2, std::min<std::size_t>(4, count - 1)};
    }
    std::vector<std::size_t> all(count);
    std::iota(all.begin(), all.end(), std::size_t{0});
    return all;
}

at::Tensor greyOf(const PictureContext& picture)
{
    return picture.image[0].mean(0);
}

/// The box of what lies above one half, or nothing.
std::optional<NetworkBox> boxOf(const at::Tensor& p)
{
    const auto mask = (p >= 0.5);
    if (mask.sum().item<double>() < kLeastPixels) {
        return std::nullopt;
    }
    const auto rows = mask.any(1).nonzero();
    const auto columns = mask.any(0).nonzero();
    const auto end = [](const at::Tensor& hits) { return hits[hits.size(0) - 1].item<double>(); };
    return NetworkBox{columns[0].item<double>(), rows[0].item<double>(), end(columns), end(rows)};
}

double meanEntropy(const at::Tensor& p)
{
    const auto q = p.clamp(1e-6, 1 - 1e-6);
    return -(q * q.log() + (1 - q) * (1 - q).log()).mean().item<double>();
}

} // namespace

Council::Council(const NetworkWeights& weights, std::shared_ptr<const Pack> pack, const PromptConvention& convention)
    : m_corners(convention.corners)
    , m_prompts(weights, kNetworkSide, convention.centre)
    , m_decoder(weights, m_prompts.densePosition())
    , m_experts(weights, m_prompts)
    , m_pack(std::move(pack))
{
    std::vector<ExpertParameters> sets;
    for (const auto* set : {&m_pack->basic, &m_pack->semantic, &m_pack->adaptive}) {
        if (set->count() > 0) {
            sets.push_back(*set);
        }
    }
    if (!sets.empty()) {
        m_all = ExpertParameters::joined(sets);
    }
    if (!m_pack->detail.empty()) {
        m_detail.emplace(m_pack->detail);
    }
    if (!m_pack->domains.empty()) {
        m_domains.emplace(m_pack->domains);
    }
    if (!m_pack->routing.empty()) {
        m_routing.emplace(m_pack->routing);
    }
    if (!m_pack->selector.empty()) {
        m_selector.emplace(m_pack->selector, kMaskFeatures);
    }
    if (!m_pack->judge.empty()) {
        m_judge.emplace(m_pack->judge, kVoiceFeatures);
    }
}

PictureContext Council::prepare(const PictureFeatures& features, const NetworkGrid& grid) const
{
    const auto device = m_prompts.noMask().device();
    const auto placed = [&](const at::Tensor& x) { return x.to(device, at::kFloat).unsqueeze(0); };
    PictureContext picture;
    picture.grid = grid;
    picture.embedding = placed(features.embedding);
    if (features.half.defined()) {
        picture.half = placed(features.half);
        picture.full = placed(features.full);
    }
    picture.image = placed(features.image) / 255;
    if (m_domains) {
        picture.strangeness = m_domains->strangeness(pictureSigns(picture.embedding[0], grid));
    }
    picture.prepared = m_decoder.prepare(picture.embedding + m_prompts.noMask());
    return picture;
}

MaskDecoder::Decoded Council::decode(const PictureContext& picture, const std::vector<NetworkBox>& boxes,
                                     std::int64_t masks) const
{
    auto corners = at::empty({static_cast<std::int64_t>(boxes.size()), 4});
    auto* out = corners.data_ptr<float>();
    for (const auto& box : boxes) {
        for (const double v : {box.x0, box.y0, box.x1, box.y1}) {
            *out++ = static_cast<float>(v);
        }
    }
    return m_decoder.decode(picture.prepared, m_prompts.boxes(corners), masks);
}

DecodedBoxes Council::decodeAt(const PictureContext& picture, const std::vector<NetworkBox>& boxes,
                               std::vector<std::size_t> places) const
{
    std::vector<NetworkBox> asked;
    std::transform(places.begin(), places.end(), std::back_inserter(asked), [&](auto n) { return boxes[n]; });
    return {std::move(places), decode(picture, asked, 1)};
}

std::vector<DecodedBoxes> Council::decodeOthers(const PictureContext& picture, const std::vector<NetworkBox>& boxes,
                                                DecodedBoxes previewed) const
{
    const auto& done = previewed.places;
    std::vector<std::size_t> places;
    for (std::size_t n = 0; n < boxes.size(); ++n) {
        if (std::find(done.begin(), done.end(), n) == done.end()) {
            places.push_back(n);
        }
    }
    std::vector<DecodedBoxes> all{std::move(previewed)};
    if (!places.empty()) {
        all.push_back(decodeAt(picture, boxes, std::move(places)));
    }
    return all;
}

std::vector<Hypothesis> Council::best(const std::vector<DecodedBoxes>& decoded, const std::vector<NetworkBox>& boxes,
                                      std::size_t most) const
{
    struct Found {
        std::size_t place;
        const MaskDecoder::Decoded* answers;
        std::int64_t n;
        double iou0;
        double iou1;
    };
    std::vector<Found> found;
    for (const auto& some : decoded) {
        const auto iou = some.answers.iou.cpu().contiguous();
        const auto* scores = iou.const_data_ptr<float>();
        for (std::size_t n = 0; n < some.places.size(); ++n) {
            found.push_back(
                {some.places[n], &some.answers, static_cast<std::int64_t>(n), scores[4 * n], scores[4 * n + 1]});
        }
    }
    std::sort(found.begin(), found.end(),
              [](const Found& a, const Found& b) { return a.iou0 != b.iou0 ? a.iou0 > b.iou0 : a.place < b.place; });
    found.resize(std::min(found.size(), most));
    std::vector<Hypothesis> list;
    for (const auto& one : found) {
        const auto& box = boxes[one.place];
        list.push_back({box, m_decoder.masks(*one.answers, one.n, 0, 1, cellsAround(box))[0], one.iou0, one.iou1});
    }
    return list;
}

std::vector<Hypothesis> Council::hypotheses(const PictureContext& picture, const std::vector<NetworkBox>& boxes) const
{
    auto previewed = decodeAt(picture, boxes, previewPlaces(boxes.size()));
    return best(decodeOthers(picture, boxes, std::move(previewed)), boxes, boxes.size());
}

MaskScene Council::sceneOf(const PictureContext& picture, const PromptReading& reading)
{
    const auto maps = reading.maps[0].to(picture.embedding.device());
    return {greyOf(picture),
            picture.embedding[0],
            at::maximum(maps[kPositiveClicks], maps[kPositiveScribble]),
            at::maximum(maps[kNegativeClicks], maps[kNegativeScribble]),
            picture.grid.usedWidth,
            picture.grid.usedHeight};
}

std::vector<Voice> Council::hearBoxes(const PictureContext& picture, const std::vector<NetworkBox>& boxes) const
{
    const auto decoded = decode(picture, boxes, 2);
    std::vector<Voice> voices(2);
    for (std::size_t n = 0; n < boxes.size(); ++n) {
        const auto logits = m_decoder.masks(decoded, static_cast<std::int64_t>(n), 0, 2);
        for (std::size_t k = 0; k < voices.size(); ++k) {
            const auto index = static_cast<std::int64_t>(k);
            auto& voice = voices[k];
            voice.logits = voice.logits.defined() ? at::maximum(voice.logits, logits[index]) : logits[index];
            voice.predictedIou +=
                decoded.iou[static_cast<std::int64_t>(n)][index].item<double>() / static_cast<double>(boxes.size());
        }
    }
    voices[0].name = "base";
    voices[1].name = "base mask 1";
    voices[1].family = VoterFamily::baseMask1;
    return voices;
}

void Council::hearHypotheses(const PictureContext& picture, const std::vector<NetworkBox>& boxes, bool preview,
                             const EarlyVoices* early, Hearing& hearing) const
{
    auto& previewed = hearing.early.guesses;
    previewed = early != nullptr ? early->guesses : decodeAt(picture, boxes, previewPlaces(boxes.size()));
    const auto list = preview ? best({previewed}, boxes, kVotingHypotheses)
                              : best(decodeOthers(picture, boxes, previewed), boxes, boxes.size());
    std::vector<double> scores;
    if (m_selector) {
        const auto values =
            (*m_selector)(hypothesisFeatures(list, sceneOf(picture, hearing.reading))).cpu().contiguous();
        scores.assign(values.const_data_ptr<float>(), values.const_data_ptr<float>() + values.numel());
    } else {
        std::transform(list.begin(), list.end(), std::back_inserter(scores), [](const auto& h) { return h.iou0; });
    }
    std::vector<std::size_t> order(list.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](auto a, auto b) { return scores[a] > scores[b]; });
    for (std::size_t n = 0; n < std::min(order.size(), kVotingHypotheses); ++n) {
        const auto at = order[n];
        hearing.voices.push_back({VoterKind::base,
                                  n == 0 ? VoterFamily::firstHypothesis : VoterFamily::secondHypothesis,
                                  n == 0 ? "box hypothesis" : "box hypothesis 2", list[at].logits, list[at].iou0, 1,
                                  m_selector ? scores[at] : 0});
    }
}

ExpertBatch Council::batch(const PictureContext& picture, const PromptReading& reading,
                           std::vector<std::int64_t> experts) const
{
    ExpertBatch one;
    one.experts = std::move(experts);
    one.embedding = picture.embedding;
    one.half = picture.half;
    one.full = picture.full;
    one.image = picture.image;
    const auto device = picture.embedding.device();
    one.maps = reading.maps.to(device);
    one.points = reading.points.to(device);
    one.kinds = reading.kinds.to(device);
    one.views = &picture.views;
    return one;
}

ExpertBatch Council::batchAfter(const at::Tensor& first, const PictureContext& picture, const PromptReading& reading,
                                std::vector<std::int64_t> experts) const
{
    auto one = batch(picture, reading, std::move(experts));
    if (!reading.hasMask) {
        one.maps = one.maps.clone();
        one.maps[0][kPreviousMask].copy_(first);
    }
    return one;
}

void Council::hearBasic(const PictureContext& picture, const PromptReading& reading, EarlyVoices& heard) const
{
    static constexpr std::pair<VoterFamily, const char*> kNames[] = {{VoterFamily::clickExpert, "click expert"},
                                                                     {VoterFamily::strokeExpert, "stroke expert"},
                                                                     {VoterFamily::boxExpert, "box expert"}};
    const bool present[] = {reading.hasClick, reading.hasStroke, reading.hasBox};
    std::vector<std::int64_t> active;
    for (std::int64_t n = 0; n < kBasicExperts; ++n) {
        if (present[n]) {
            active.push_back(n);
        }
    }
    if (active.empty()) {
        return;
    }
    const auto answers = m_experts(m_all, batch(picture, reading, active));
    double best = -1;
    for (std::size_t n = 0; n < active.size(); ++n) {
        const auto index = static_cast<std::int64_t>(n);
        const auto& [family, name] = kNames[active[n]];
        const double iou = answers.iou[index].item<double>();
        heard.basic.push_back({VoterKind::basic, family, name, answers.logits[index], iou});
        if (iou > best) {
            best = iou;
            heard.summary = answers.summary[index];
        }
    }
}

std::optional<Voice> Council::secondPass(const PictureContext& picture, const at::Tensor& first) const
{
    const auto box = boxOf(first);
    if (!box) {
        return std::nullopt;
    }
    const auto decoded = decode(picture, {*box}, 1);
    return Voice{VoterKind::base, VoterFamily::twoPass, "base, second pass", m_decoder.masks(decoded, 0, 0, 1)[0],
                 decoded.iou[0][0].item<double>()};
}

void Council::hearDetail(const PictureContext& picture, at::Tensor before, Hearing& hearing) const
{
    for (const char* name : {"detail expert", "detail expert, second pass"}) {
        const auto answers = (*m_detail)(batchAfter(before, picture, hearing.reading, {}));
        hearing.voices.push_back(
            {VoterKind::basic, VoterFamily::detailExpert, name, answers.logits[0], answers.iou[0].item<double>()});
        if (hearing.reading.hasMask) { // the annotator's own mask is what both would build on
            return;
        }
        before = answers.logits[0].sigmoid();
    }
}

at::Tensor Council::caseStatistics(const PictureContext& picture, const PromptReading& reading, const at::Tensor& first,
                                   const at::Tensor& base)
{
    const auto grey = greyOf(picture);
    const auto sum = first.sum().clamp_min(1);
    const auto inside = (grey * first).sum() / sum;
    const auto deviation = ((grey - inside).square() * first).sum() / sum;
    const auto dx = (grey.slice(1, 1) - grey.slice(1, 0, -1)).abs().mean();
    const auto dy = (grey.slice(0, 1) - grey.slice(0, 0, -1)).abs().mean();
    const auto number = [&](double v) { return at::full({}, static_cast<float>(v), grey.options()); };
    return at::stack({inside, deviation.sqrt(), grey.mean(), grey.std(), 10 * dx, 10 * dy, number(reading.hasClick),
                      number(reading.hasStroke), number(reading.hasBox), number(5 * meanEntropy(base)),
                      number(5 * meanEntropy(first)), 4 * first.mean()});
}

void Council::hearRouted(const PictureContext& picture, const CouncilOptions& options, const at::Tensor& first,
                         const at::Tensor& summary, Hearing& hearing) const
{
    if (!m_routing) {
        return;
    }
    const auto pooled = Routing::pooled(picture.embedding[0], first);
    const auto ofBase = std::find_if(hearing.voices.rbegin(), hearing.voices.rend(),
                                     [](const Voice& v) { return v.kind == VoterKind::base; });
    const auto base = ofBase != hearing.voices.rend() ? ofBase->logits.sigmoid() : first;
    std::vector<std::int64_t> experts;
    std::vector<Voice> voices;
    if (m_routing->hasPrototypes()) {
        std::optional<std::int64_t> named;
        if (hearing.reading.label) {
            named = classNamed(m_pack->description.classes, *hearing.reading.label);
        }
        const auto choice = m_routing->semantic(m_routing->project(pooled), named);
        hearing.familiarity = choice.familiarity;
        if (options.semantic && m_pack->semantic.count() > 0) {
            experts.push_back(m_pack->basic.count() + choice.expert);
            voices.push_back({VoterKind::semantic,
                              VoterFamily::semanticExpert,
                              "semantic " + std::to_string(choice.expert + 1),
                              {},
                              0,
                              choice.weight});
        }
    }
    if (options.adaptive && m_pack->adaptive.count() > 1 && summary.defined()) {
        const auto scores = m_routing->scores(pooled.unsqueeze(0), summary.unsqueeze(0),
                                              caseStatistics(picture, hearing.reading, first, base).unsqueeze(0));
        const auto choice = Routing::topTwo(scores[0]);
        for (int k = 0; k < 2; ++k) {
            experts.push_back(m_pack->basic.count() + m_pack->semantic.count() + choice.experts[k]);
            voices.push_back({VoterKind::adaptive,
                              VoterFamily::adaptiveExpert,
                              "adaptive " + std::to_string(choice.experts[k] + 1),
                              {},
                              0,
                              choice.weights[k]});
        }
    }
    if (experts.empty()) {
        return;
    }
    const auto answers = m_experts(m_all, batchAfter(first, picture, hearing.reading, experts));
    for (std::size_t n = 0; n < voices.size(); ++n) {
        const auto index = static_cast<std::int64_t>(n);
        voices[n].logits = answers.logits[index];
        voices[n].predictedIou = answers.iou[index].item<double>();
        hearing.voices.push_back(std::move(voices[n]));
    }
}

void Council::hearLocal(const PictureContext& picture, const at::Tensor& first, Hearing& hearing) const
{
    const auto& all = m_pack->local;
    const auto own =
        std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.label == hearing.reading.label; });
    if (own == all.end()) {
        return;
    }
    auto asked = batchAfter(first, picture, hearing.reading, {0});
    asked.views = nullptr; // they are kept by an expert's place among the pack's own
    const auto answers = m_experts(own->parameters, asked);
    Voice voice{VoterKind::local, VoterFamily::semanticExpert, "local", answers.logits[0],
                answers.iou[0].item<double>()};
    voice.voteBias = own->voteBias;
    hearing.voices.push_back(std::move(voice));
}

Result<BoxQuestion> Council::ask(const std::vector<Prompt>& prompts, const NetworkGrid& grid) const
{
    return askBoxes(prompts, grid, m_corners);
}

Result<Hearing> Council::hear(const PictureContext& picture, const std::vector<Prompt>& prompts,
                              const CouncilOptions& options, const std::stop_token& stop,
                              const EarlyVoices* early) const
{
    const auto question = ask(prompts, picture.grid);
    if (!question) {
        return fail(question.error());
    }
    Hearing hearing;
    hearing.reading = readPrompts(prompts, picture.grid);
    if (question->areGuesses) {
        hearHypotheses(picture, question->boxes, options.preview, early, hearing);
    } else {
        hearing.early.base = early != nullptr ? early->base : hearBoxes(picture, question->boxes);
        hearing.voices = hearing.early.base;
    }
    if (early != nullptr) {
        hearing.early.basic = early->basic;
        hearing.early.summary = early->summary;
    } else if (options.basic && m_pack->basic.count() == kBasicExperts) {
        hearBasic(picture, hearing.reading, hearing.early);
    }
    hearing.voices.insert(hearing.voices.end(), hearing.early.basic.begin(), hearing.early.basic.end());
    if (stop.stop_requested()) {
        return fail(ErrorCode::cancelled, "answering the prompts was cancelled");
    }
    if (options.preview) {
        return hearing;
    }
    // a basic expert's answer, or the base's best where none speaks
    const auto best =
        std::max_element(hearing.voices.begin(), hearing.voices.end(), [](const Voice& a, const Voice& b) {
            const bool aIsBasic = a.kind == VoterKind::basic;
            const bool bIsBasic = b.kind == VoterKind::basic;
            return aIsBasic != bIsBasic ? bIsBasic : a.predictedIou < b.predictedIou;
        });
    const auto first = best->logits.sigmoid();
    if (!hearing.reading.hasBox) { // points never reach the base where the annotator drew a box
        if (auto second = secondPass(picture, first)) {
            hearing.voices.push_back(std::move(*second));
        }
    }
    if (options.basic && m_detail) {
        hearDetail(picture, first, hearing);
    }
    hearRouted(picture, options, first, hearing.early.summary, hearing);
    if (options.local) {
        hearLocal(picture, first, hearing);
    }
    if (stop.stop_requested()) {
        return fail(ErrorCode::cancelled, "answering the prompts was cancelled");
    }
    return hearing;
}

Result<BoxPrompt> Council::find(const PictureContext& picture, const std::string& label) const
{
    const auto& classes = m_pack->description.classes;
    const auto known = m_routing && m_routing->hasPrototypes() ? classNamed(classes, label) : std::nullopt;
    if (!known) {
        return fail(ErrorCode::invalidArgument, "no expert knows what \"" + label + "\" looks like", {},
                    "Click inside it once; a label's name alone serves for structures that experts were taught");
    }
    return findClass(*m_routing, *known, picture.embedding[0], picture.grid);
}

Ballot Council::ballot(const PictureContext& picture, const Hearing& hearing) const
{
    Ballot one;
    std::vector<at::Tensor> logits;
    const auto count = static_cast<std::int64_t>(hearing.voices.size());
    auto families = at::empty({count}, at::kLong);
    auto signs = at::empty({4, count});
    for (std::int64_t n = 0; n < count; ++n) {
        const auto& voice = hearing.voices[static_cast<std::size_t>(n)];
        logits.push_back(voice.logits);
        families[n] = static_cast<std::int64_t>(voice.family);
        signs[0][n] = voice.predictedIou;
        signs[1][n] = voice.routing;
        signs[2][n] = voice.score;
        signs[3][n] = voice.voteBias;
    }
    one.logits = at::stack(logits);
    const auto device = one.logits.device();
    one.families = families.to(device);
    const auto moved = signs.to(device);
    one.predictedIou = moved[0];
    one.routing = moved[1];
    one.score = moved[2];
    if (std::any_of(hearing.voices.begin(), hearing.voices.end(), [](const Voice& v) { return v.voteBias != 0; })) {
        one.bias = moved[3];
    }
    one.maps = hearing.reading.maps[0].to(device);
    one.embedding = picture.embedding[0];
    one.familiarity = hearing.familiarity;
    one.strangeness = picture.strangeness;
    if (m_judge) {
        one.score = (*m_judge)(judged(picture, one));
    }
    return one;
}

at::Tensor Council::judged(const PictureContext& picture, const Ballot& ballot)
{
    return voiceFeatures(ballot, greyOf(picture), picture.grid.usedWidth, picture.grid.usedHeight);
}

} // namespace icmoe
