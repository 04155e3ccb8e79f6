#include "StoreFixture.h"

#include <sqlite3.h>
#include <stdexcept>

namespace icmoe::test {

SeriesIdentity someSeries(const std::string& uid)
{
    return {.studyUid = "1.2.840.99",
            .seriesUid = uid,
            .splitKey = {},
            .pixelHash = std::string(64, 'a'),
            .frameOfReferenceUid = "1.2.840.77",
            .modality = "MR",
            .size = kSize};
}

SegmentationPatch patchOf(LabelId label, int k, SliceMask mask)
{
    SegmentationPatch patch;
    patch.slices[label].emplace(k, std::move(mask));
    return patch;
}

SliceMask disc(double x, double y, double radius)
{
    return ellipseMask(kSize.width, kSize.height, {x, y}, radius, radius);
}

SliceMask nothing()
{
    return SliceMask(kSize.width, kSize.height);
}

StepRecord paintStep(Segmentation& now, LabelId label, int k, const SliceMask& mask, std::string name)
{
    StepRecord step;
    step.kind = StepKind::paint;
    step.name = std::move(name);
    step.label = label;
    step.after = patchOf(label, k, mask);
    step.before = now.exchange(step.after);
    step.slice = k;
    step.strokes = 1;
    return step;
}

StepRecord acceptStep(Segmentation& now, LabelId label, int k, const SliceMask& proposal, const SliceMask& accepted,
                      std::string name)
{
    StepRecord step = paintStep(now, label, k, accepted, std::move(name));
    step.kind = StepKind::accept;
    step.proposal = proposal;
    step.accepted = accepted;
    step.mode = CombineMode::add;
    step.prompts = {{1, Plane::acquisition, k, BoxPrompt{3.25, 4, 20, 21.5}},
                    {2, Plane::acquisition, k, PointPrompt{{10, 11}, false}},
                    {3, Plane::acquisition, k, ScribblePrompt{{{1, 2}, {3, 4}}, true}},
                    {4, Plane::acquisition, k, LassoPrompt{{{1, 2}, {3, 4}, {9, 1}}}},
                    {5, Plane::acquisition, k, MaskPrompt{disc(8, 8)}}};
    step.plane = Plane::acquisition;
    step.windowWidth = 400;
    step.windowLevel = 40.5;
    step.engine = {.engine = "LiteMedSAM",
                   .weightsSha256 = std::string(64, 'b'),
                   .expertsRevision = "none",
                   .precision = "bf16",
                   .device = "CPU, 2 threads",
                   .threads = 2,
                   .preprocessing = 3,
                   .range = "CT abdomen 40/400"};
    step.imageKey = std::string(64, 'c');
    step.author = "Ärztin 1";
    step.activeSeconds = 12.75;
    step.clicks = 3;
    step.strokes = 2;
    step.utc = "2026-11-22T14:32:08.000Z";
    return step;
}

StepRecord votedStep(Segmentation& now, LabelId label, int k, const SliceMask& proposal, std::string name)
{
    StepRecord step = acceptStep(now, label, k, proposal, proposal, std::move(name));
    step.prompts.push_back(labelPrompt(Plane::acquisition, k, "Putamen", 6));
    step.preview = true;
    step.vote.emplace();
    step.vote->voters = {{VoterKind::base, "box hypothesis", 0.25, 0.75, false},
                         {VoterKind::basic, "click expert", 0.625, 0.9, false},
                         {VoterKind::semantic, "semantic 3", 0.125, 0.5, true}};
    step.vote->boundaryDisagreement = 0.29;
    step.vote->disagreement.assign(static_cast<std::size_t>(kSize.width) * kSize.height, 0);
    for (const icmoe::Run run : proposal.runs()) {
        step.vote->disagreement[run.begin] = 200;
        step.vote->disagreement[run.end - 1] = static_cast<std::uint8_t>(run.end % 256);
    }
    return step;
}

StepRecord labelStep(Segmentation& now, LabelSet labels, std::string name)
{
    StepRecord step;
    step.kind = StepKind::label;
    step.name = std::move(name);
    step.labelsBefore = now.labels();
    step.labelsAfter = labels;
    now.labels() = std::move(labels);
    return step;
}

void expectSame(const StepRecord& stored, const StepRecord& given)
{
    EXPECT_EQ(stored.kind, given.kind);
    EXPECT_EQ(stored.name, given.name);
    EXPECT_EQ(stored.label, given.label);
    EXPECT_EQ(stored.before, given.before);
    EXPECT_EQ(stored.after, given.after);
    EXPECT_EQ(stored.labelsBefore, given.labelsBefore);
    EXPECT_EQ(stored.labelsAfter, given.labelsAfter);
    EXPECT_EQ(stored.proposal, given.proposal);
    EXPECT_EQ(stored.accepted, given.accepted);
    EXPECT_EQ(stored.mode, given.mode);
    EXPECT_EQ(stored.prompts, given.prompts);
    EXPECT_EQ(stored.plane, given.plane);
    EXPECT_EQ(stored.slice, given.slice);
    EXPECT_EQ(stored.windowWidth, given.windowWidth);
    EXPECT_EQ(stored.windowLevel, given.windowLevel);
    EXPECT_EQ(stored.engine, given.engine);
    EXPECT_EQ(stored.preview, given.preview);
    EXPECT_EQ(stored.vote, given.vote);
    EXPECT_EQ(stored.imageKey, given.imageKey);
    EXPECT_EQ(stored.author, given.author);
    EXPECT_EQ(stored.activeSeconds, given.activeSeconds);
    EXPECT_EQ(stored.clicks, given.clicks);
    EXPECT_EQ(stored.strokes, given.strokes);
    if (!given.utc.empty()) {
        EXPECT_EQ(stored.utc, given.utc);
    }
}

std::unique_ptr<AnnotationStore> openStore(const std::filesystem::path& file, const AnnotationStore::Options& options)
{
    return valueOf(AnnotationStore::open(file, options));
}

std::string tamper(const std::filesystem::path& file, const std::string& sql)
{
    sqlite3* database = nullptr;
    sqlite3_open(file.c_str(), &database);
    std::string first;
    char* message = nullptr;
    const auto keep = [](void* to, int columns, char** values, char**) {
        auto& text = *static_cast<std::string*>(to);
        if (text.empty() && columns > 0 && values[0] != nullptr) {
            text = values[0];
        }
        return 0;
    };
    const int code = sqlite3_exec(database, sql.c_str(), keep, &first, &message);
    const std::string error = message != nullptr ? message : "";
    sqlite3_free(message);
    sqlite3_close(database);
    if (code != SQLITE_OK) {
        throw std::runtime_error(error);
    }
    return first;
}

} // namespace icmoe::test
