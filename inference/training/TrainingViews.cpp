#include "inference/training/TrainingViews.h"

#include "core/base/AtomicFile.h"
#include "core/base/Sha256.h"
#include "inference/training/SyntheticScenes.h"

#include <ATen/ATen.h>
#include <algorithm>

namespace icmoe::training {
namespace {

constexpr std::size_t kPicturesOfProjections = 140;
constexpr const char* kPackLicence =
    "CC BY-SA 4.0 (trained on sets of the Medical Segmentation Decathlon; copies and changes keep this notice)";

} // namespace

Status TrainingViews::make()
{
    if (auto listed = collectRecipes(); !listed) {
        return listed;
    }
    if (auto found = findProjections(); !found) {
        return found;
    }
    return encode();
}

Status TrainingViews::collectRecipes()
{
    for (const auto& kind : m_run.options().withoutScenes) {
        if (!sceneKinds().contains(kind)) {
            return fail(ErrorCode::invalidArgument, "synthetic scenes have no kind \"" + kind + "\"");
        }
    }
    const auto sets = m_run.options().data.empty() ? std::vector<evaluation::SetFolder>() // scenes alone
                                                   : evaluation::findSets(m_run.options().data);
    if (!sets) {
        return fail(sets.error());
    }
    std::vector<std::vector<PictureRecipe>> ofSets;
    for (const auto& set : *sets) {
        const auto& left = m_run.options().leftOut;
        if (std::find(left.begin(), left.end(), set.name) != left.end()) {
            continue;
        }
        m_setNames.push_back(set.name);
        auto recipes = folderRecipes(set, m_run.options().variants, m_run.options().seed, m_run.stop());
        if (!recipes) {
            return fail(recipes.error());
        }
        ofSets.push_back(std::move(*recipes));
    }
    for (auto& recipes : ofSets) {
        std::move(recipes.begin(), recipes.end(), std::back_inserter(m_recipes));
    }
    auto scenes = syntheticRecipes(m_run.options().synthetic, m_run.options().seed, m_run.options().withoutScenes);
    std::move(scenes.begin(), scenes.end(), std::back_inserter(m_recipes));
    if (m_recipes.empty()) {
        return fail(ErrorCode::emptyInput, "there is no picture to learn from", {},
                    "Name sets with --data, or draw scenes with --synthetic N");
    }
    return {};
}

Status TrainingViews::findProjections()
{
    const auto kept = m_run.learned("taps");
    if (!kept) {
        return fail(kept.error());
    }
    if (!kept->empty()) {
        const auto& t = *kept;
        m_taps = {t.at("taps.half.weight"), t.at("taps.half.bias"), t.at("taps.full.weight"), t.at("taps.full.bias")};
        return {};
    }
    if (!m_run.options().from.empty()) { // its experts know these
        m_taps = m_run.begin().taps;
        return keepTaps();
    }
    if (!m_run.foundation().hasTaps()) {
        m_taps = TapProjection::none();
        return keepTaps();
    }
    TapStatistics statistics;
    const auto count = std::min(kPicturesOfProjections, m_recipes.size());
    for (std::size_t n = 0; n < count; ++n) {
        if (m_run.stop().stop_requested()) {
            return fail(ErrorCode::cancelled, "interrupted");
        }
        const auto picture = m_recipes[n * m_recipes.size() / count].make();
        const auto input = picture ? m_run.foundation().prepare(picture->image) : fail(picture.error());
        if (!input) {
            return fail(input.error());
        }
        m_run.foundation().addTo(statistics, *input);
        m_run.tell("projections", n + 1, count);
    }
    m_taps = statistics.projection();
    for (auto* tensor : {&m_taps.halfWeight, &m_taps.halfBias, &m_taps.fullWeight, &m_taps.fullBias}) {
        *tensor = tensor->to(at::kHalf).to(at::kFloat); // as the pack will hold them
    }
    return keepTaps();
}

Status TrainingViews::keepTaps() const
{
    return writeTensorFile(m_run.file("taps"),
                           {{"taps.half.weight", m_taps.halfWeight},
                            {"taps.half.bias", m_taps.halfBias},
                            {"taps.full.weight", m_taps.fullWeight},
                            {"taps.full.bias", m_taps.fullBias}},
                           {}, false);
}

Status TrainingViews::encode()
{
    auto disk = DiskCache::open(m_run.options().work / "features", m_run.options().cacheBytes);
    if (!disk) {
        return fail(disk.error());
    }
    Sha256 key;
    key.update(m_run.foundation().sha256() + m_taps.hash() + std::to_string(m_run.foundation().preprocessingVersion()));
    m_library = std::make_unique<ViewLibrary>(std::move(*disk), m_run.options().memoryBytes, key.hex(),
                                              m_run.foundation().device());
    const auto encode = [&](const SliceImage& image) -> Result<EncodedPicture> {
        auto input = m_run.foundation().prepare(image);
        if (!input) {
            return fail(input.error());
        }
        return EncodedPicture{input->grid, *m_run.foundation().encode(*input, m_taps, [] { return true; })};
    };
    if (m_run.wantsAlone("features")) {
        std::size_t n = 0;
        std::erase_if(m_recipes, [&](const auto&) {
            return n++ % static_cast<std::size_t>(m_run.options().workers) !=
                   static_cast<std::size_t>(m_run.options().worker);
        });
    }
    return m_library->add(
        m_recipes, encode, [&](std::size_t done, std::size_t total) { m_run.tell("features", done, total); },
        m_run.stop());
}

bool TrainingViews::isForVote(const View& view) const
{
    const auto draw = static_cast<double>(seedOf(m_run.options().seed, "part " + view.picture) >> 11) * 0x1.0p-53;
    return draw < m_run.options().voteShare;
}

std::vector<std::size_t> TrainingViews::viewsFor(bool vote) const
{
    std::vector<std::size_t> chosen;
    for (std::size_t n = 0; n < m_library->views().size(); ++n) {
        if (isForVote(m_library->views()[n]) == vote) {
            chosen.push_back(n);
        }
    }
    return chosen;
}

std::vector<std::string> TrainingViews::classNames() const
{
    std::vector<std::string> names;
    for (const auto& name : m_library->classes()) {
        const auto readable = m_run.options().classNames.find(name);
        names.push_back(readable != m_run.options().classNames.end() ? readable->second : name);
    }
    return names;
}

Result<std::shared_ptr<Pack>> packSoFar(const TrainingRun& run, const TrainingViews& views)
{
    auto pack = std::make_shared<Pack>();
    pack->baseSha256 = run.foundation().sha256();
    pack->description.name = "icmoe";
    pack->description.licence = kPackLicence;
    pack->description.data = run.begin().description.data; // what its experts began with counts as well
    for (const auto& name : views.setNames()) {
        if (std::find(pack->description.data.begin(), pack->description.data.end(), name) ==
            pack->description.data.end()) {
            pack->description.data.push_back(name);
        }
    }
    pack->description.classes = views.classNames();
    pack->taps = views.taps();
    for (const auto& [phase, experts] :
         {std::pair{"basic", &pack->basic}, {"semantic", &pack->semantic}, {"adaptive", &pack->adaptive}}) {
        auto tensors = run.learned(phase);
        if (!tensors) {
            return fail(tensors.error());
        }
        if (!tensors->empty()) {
            *experts = ExpertParameters(std::move(*tensors));
        }
    }
    for (const auto& [phase, part] : {std::pair{"detail", &pack->detail},
                                      {"domains", &pack->domains},
                                      {"routing", &pack->routing},
                                      {"selector", &pack->selector},
                                      {"judge", &pack->judge},
                                      {"vote", &pack->voter},
                                      {"quality", &pack->quality}}) {
        auto tensors = run.learned(phase);
        if (!tensors) {
            return fail(tensors.error());
        }
        *part = std::move(*tensors);
    }
    *pack = pack->on(run.foundation().device());
    return pack;
}

Status writePack(const TrainingRun& run, const TrainingViews& views)
{
    if (run.options().out.empty() || run.workers()->rank() > 0) {
        return {};
    }
    const auto pack = packSoFar(run, views);
    if (!pack) {
        return fail(pack.error());
    }
    const auto bytes = (*pack)->toBytes();
    return bytes ? writeFileAtomically(run.options().out, *bytes, {.replace = true, .mode = 0644})
                 : fail(bytes.error());
}

} // namespace icmoe::training
