#include "inference/training/ExpertTraining.h"

#include "core/base/Sha256.h"
#include "inference/icmoe/TensorFile.h"
#include "inference/sam/LiteMedSamSegmenter.h"
#include "inference/training/BasicTraining.h"
#include "inference/weights/WeightsFile.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <algorithm>
#include <array>
#include <cstdio>
#include <sys/stat.h>

namespace icmoe::training {
namespace {

constexpr std::size_t kPicturesOfProjections = 140;
constexpr std::size_t kLargestFile = std::size_t{64} << 20;

std::string textOf(const StepReport& report)
{
    std::array<char, 128> text{};
    std::snprintf(text.data(), text.size(), "loss %.3f, Dice %.3f then %.3f, %.2f s a step", report.loss,
                  report.firstDice, report.correctedDice, report.secondsPerStep);
    return text.data();
}

/// One run: the frozen base, the pictures, the phases.
class Run {
public:
    Run(const TrainOptions& options, const TrainObserver& observe, std::stop_token stop,
        const weights::WeightsFile& weights)
        : m_options(options)
        , m_observe(observe)
        , m_stop(std::move(stop))
        , m_weights(weights.tensors)
        , m_weightsSha256(weights.sha256)
        , m_prompts(m_weights)
        , m_encoder(makeFusedImageEncoder(m_weights))
        , m_decoder(m_weights, m_prompts)
    {
    }

    Result<TrainReport> run()
    {
        const std::string before = m_weights.hash();
        for (const auto step :
             {&Run::openWork, &Run::collectRecipes, &Run::findProjections, &Run::encodeViews, &Run::trainBasic}) {
            if (auto done = (this->*step)(); !done) {
                return fail(done.error());
            }
        }
        TrainReport report;
        report.baseSha256 = m_weights.hash();
        if (report.baseSha256 != before) {
            return fail(ErrorCode::internal, "the base's weights were changed by the training");
        }
        report.views = m_library->views().size();
        report.classes = m_library->classes().size();
        return report;
    }

private:
    bool wants(const std::string& phase) const
    {
        return m_options.phases.empty() ||
               std::find(m_options.phases.begin(), m_options.phases.end(), phase) != m_options.phases.end();
    }
    int stepsOf(const std::string& phase, int otherwise) const
    {
        const auto found = m_options.steps.find(phase);
        return found != m_options.steps.end() ? found->second : otherwise;
    }
    void tell(const std::string& phase, std::size_t done, std::size_t total, std::string text = {}) const
    {
        m_observe({phase, static_cast<int>(done), static_cast<int>(total), std::move(text)});
    }
    std::filesystem::path file(const std::string& name) const { return m_options.work / (name + ".safetensors"); }

    Status openWork()
    {
        std::error_code error;
        std::filesystem::create_directories(m_options.work, error);
        if (error || ::chmod(m_options.work.c_str(), 0700) != 0) {
            return fail(ErrorCode::writeFailed, "the work folder cannot be made", m_options.work.string(),
                        "Choose another one with --work");
        }
        return {};
    }

    Status collectRecipes()
    {
        const auto sets = evaluation::findSets(m_options.data);
        if (!sets) {
            return fail(sets.error());
        }
        std::vector<std::vector<PictureRecipe>> ofSets;
        for (const auto& set : *sets) {
            const auto& left = m_options.leftOut;
            if (std::find(left.begin(), left.end(), set.name) != left.end()) {
                continue;
            }
            auto recipes = folderRecipes(set, m_options.variants, m_options.seed, m_stop);
            if (!recipes) {
                return fail(recipes.error());
            }
            ofSets.push_back(std::move(*recipes));
        }
        for (auto& recipes : ofSets) {
            std::move(recipes.begin(), recipes.end(), std::back_inserter(m_recipes));
        }
        auto scenes = syntheticRecipes(m_options.synthetic, m_options.seed);
        std::move(scenes.begin(), scenes.end(), std::back_inserter(m_recipes));
        return {};
    }

    Status findProjections()
    {
        if (std::filesystem::exists(file("taps"))) {
            const auto kept = readTensorFile(file("taps"), kLargestFile);
            if (!kept) {
                return fail(kept.error());
            }
            const auto& t = kept->tensors;
            m_taps = {t.at("taps.half.weight"), t.at("taps.half.bias"), t.at("taps.full.weight"),
                      t.at("taps.full.bias")};
            return {};
        }
        TapStatistics statistics;
        const auto count = std::min(kPicturesOfProjections, m_recipes.size());
        for (std::size_t n = 0; n < count; ++n) {
            if (m_stop.stop_requested()) {
                return fail(ErrorCode::cancelled, "interrupted");
            }
            const auto picture = m_recipes[n * m_recipes.size() / count].make();
            const auto input = picture ? prepare(picture->image) : fail(picture.error());
            if (!input) {
                return fail(input.error());
            }
            statistics.add(*m_encoder, *input);
            tell("projections", n + 1, count);
        }
        m_taps = statistics.projection();
        return writeTensorFile(file("taps"),
                               {{"taps.half.weight", m_taps.halfWeight},
                                {"taps.half.bias", m_taps.halfBias},
                                {"taps.full.weight", m_taps.fullWeight},
                                {"taps.full.bias", m_taps.fullBias}},
                               {}, false);
    }

    Status encodeViews()
    {
        auto disk = DiskCache::open(m_options.work / "features", m_options.cacheBytes);
        if (!disk) {
            return fail(disk.error());
        }
        Sha256 key;
        key.update(m_weightsSha256 + m_taps.hash() + std::to_string(kPreprocessingVersion));
        m_library = std::make_unique<ViewLibrary>(std::move(*disk), m_options.memoryBytes, key.hex());
        return m_library->add(
            m_recipes, *m_encoder, m_taps, [&](std::size_t done, std::size_t total) { tell("features", done, total); },
            m_stop);
    }

    Status trainBasic()
    {
        if (!wants("basic")) {
            return {};
        }
        BasicOptions basic;
        basic.steps = stepsOf("basic", 1500);
        basic.batch = m_options.batch;
        basic.seed = m_options.seed;
        basic.setWeights = m_options.setWeights;
        basic.state = file("basic.state");
        const auto experts = trainBasicExperts(
            m_decoder, *m_library, basic,
            [&](const StepReport& report) {
                tell("basic", static_cast<std::size_t>(report.step), static_cast<std::size_t>(report.steps),
                     textOf(report));
            },
            m_stop);
        if (!experts) {
            return fail(experts.error());
        }
        return writeTensorFile(file("basic"), experts->tensors(), {{"steps", std::to_string(basic.steps)}}, true);
    }

    const TrainOptions& m_options;
    const TrainObserver& m_observe;
    const std::stop_token m_stop;
    const NetworkWeights m_weights;
    const std::string m_weightsSha256;
    const PromptEncoder m_prompts;
    const std::unique_ptr<ImageEncoder> m_encoder;
    const ExpertDecoder m_decoder;
    std::vector<PictureRecipe> m_recipes;
    TapProjection m_taps;
    std::unique_ptr<ViewLibrary> m_library;
};

} // namespace

Result<TrainReport> trainExperts(const TrainOptions& options, const TrainObserver& observe, std::stop_token stop)
{
    const auto file = weights::loadLiteMedSam(options.weightFolders);
    if (!file) {
        return fail(file.error());
    }
    try {
        at::set_num_threads(chooseThreads(options.threads));
        return Run(options, observe, std::move(stop), *file).run();
    } catch (const std::exception& error) {
        const std::string text = error.what();
        return fail(ErrorCode::engineFailed, "training the experts: " + text.substr(0, text.find('\n')), {},
                    "Start it again: it goes on where it was");
    }
}

} // namespace icmoe::training
