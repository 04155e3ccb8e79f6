// IC-MoE behind core's interface: with a pack that has learned nothing, and with one whose experts say something.
#include "ReferencePictures.h"
#include "TestPrompts.h"
#include "TestWeights.h"
#include "core/base/AtomicFile.h"
#include "inference/icmoe/DetailExpert.h"
#include "inference/icmoe/Domains.h"
#include "inference/icmoe/IcMoeSegmenter.h"
#include "inference/icmoe/Routing.h"
#include "inference/icmoe/Voting.h"
#include "inference/sam/LiteMedSamSegmenter.h"
#include "tests/support/TestSupport.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace icmoe::test {
namespace {

enum class Learned { nothing, something };

/// Experts that answer something of their own, and a vote that is not the same everywhere.
std::shared_ptr<Pack> packOf(Learned learned, const std::string& base)
{
    at::manual_seed(4);
    auto pack = std::make_shared<Pack>();
    pack->baseSha256 = base;
    pack->sha256 = "test";
    pack->description = {"test", "none", {}, {"a", "b"}};
    pack->taps = {0.1 * at::randn({kHalfTapChannels, 128}), at::zeros({kHalfTapChannels}),
                  0.1 * at::randn({kFullTapChannels, 64}), at::zeros({kFullTapChannels})};
    pack->basic = ExpertParameters::fresh(3, 1);
    if (learned == Learned::nothing) {
        return pack;
    }
    const auto changed = [](ExpertParameters experts) {
        auto tensors = experts.tensors();
        for (auto& [name, tensor] : tensors) {
            tensor = tensor + 0.01 * at::randn(tensor.sizes());
        }
        return ExpertParameters(tensors);
    };
    pack->basic = changed(pack->basic);
    pack->detail = DetailExpert::fresh(7);
    for (auto& [name, tensor] : pack->detail) {
        tensor = tensor + 0.01 * at::randn(tensor.sizes());
    }
    pack->domains = Domains::fitted({{at::zeros({kPictureSigns}), "a", "1"}, {at::ones({kPictureSigns}), "b", "2"}});
    pack->domains.at("apart").fill_(1000); // every picture is near to them
    pack->semantic = changed(ExpertParameters::fresh(2, 2));
    pack->adaptive = changed(ExpertParameters::fresh(4, 3));
    pack->routing = Routing::fresh(4, 5);
    pack->routing["prototypes"] = at::eye(2, kMeaning);
    pack->routing["owner"] = at::tensor({0, 1}, at::kLong);
    pack->voter = VotingNetwork::fresh(6);
    for (auto& [name, tensor] : pack->voter) {
        tensor = name == "threshold" || name == "cut" ? tensor : tensor + 0.1 * at::randn(tensor.sizes());
    }
    return pack;
}

class IcMoeSegmenterTest : public ::testing::Test {
protected:
    void SetUp() override
    {
        ICMOE_NEEDS_WEIGHTS();
        m_options.weightFolders = weightFolders();
    }
    std::unique_ptr<Segmenter> segmenter(Learned learned, std::vector<LocalExpert> local = {})
    {
        const auto file = weights::loadLiteMedSam(m_options.weightFolders);
        const auto pack = packOf(learned, file->sha256);
        pack->local = std::move(local);
        auto made = makeIcMoeSegmenter(*file, pack, m_options);
        m_embedding = made->encode(boxPicture(), {}, {}).value();
        return made;
    }
    Proposal answer(Segmenter& segmenter, const std::vector<Prompt>& prompts) const
    {
        auto proposal = segmenter.predict(boxPicture(), *m_embedding, prompts, {});
        EXPECT_TRUE(proposal) << proposal.error().oneLine();
        return proposal.value_or(Proposal{});
    }
    static std::vector<std::string> namesOf(const Proposal& proposal)
    {
        std::vector<std::string> names;
        for (const auto& voter : proposal.vote->voters) {
            names.push_back(voter.name);
        }
        return names;
    }

    EngineOptions m_options;
    std::shared_ptr<const Embedding> m_embedding;
    const Prompt m_box = prompt(BoxPrompt{137, 131, 375, 309});
    const Prompt m_click = prompt(PointPrompt{{256, 220}, true});
    const Prompt m_outside = prompt(PointPrompt{{60, 60}, false});
};

TEST_F(IcMoeSegmenterTest, IC2_APackThatLearnedNothing_AnswersAsNoPack)
{
    const auto experts = segmenter(Learned::nothing);
    const auto base = createLiteMedSam(m_options).value();
    const auto ofBase = base->encode(boxPicture(), {}, {}).value();
    for (const auto& prompts : {std::vector{m_box}, std::vector{m_click}, std::vector{m_click, m_outside}}) {
        const auto expected = base->predict(boxPicture(), *ofBase, prompts, {}).value();
        const auto given = answer(*experts, prompts);
        EXPECT_EQ(given.candidates.front().mask, expected.candidates.front().mask);
        EXPECT_EQ(given.candidates.front().voter, expected.candidates.front().voter);
        EXPECT_FALSE(given.vote);
    }
}

TEST_F(IcMoeSegmenterTest, AllKindsVote_AndSayHowMuch)
{
    const auto engine = segmenter(Learned::something);
    const auto proposal = answer(*engine, {m_click});
    ASSERT_TRUE(proposal.vote);
    const auto names = namesOf(proposal);
    EXPECT_EQ(names.front(), "box hypothesis");
    for (const char* basic : {"click expert", "detail expert", "detail expert, second pass"}) {
        EXPECT_TRUE(std::find(names.begin(), names.end(), basic) != names.end()) << basic;
    }
    std::map<VoterKind, int> kinds;
    double sum = 0;
    for (const auto& voter : proposal.vote->voters) {
        ++kinds[voter.kind];
        sum += voter.weight;
        EXPECT_GE(voter.weight, 0);
    }
    EXPECT_NEAR(sum, 1, 1e-4);
    EXPECT_EQ(kinds[VoterKind::basic], 3);
    EXPECT_EQ(kinds[VoterKind::semantic], 1);
    EXPECT_EQ(kinds[VoterKind::adaptive], 2);
    EXPECT_LE(proposal.vote->voters.size(), 9U);
    EXPECT_EQ(proposal.vote->disagreement.size(), 512U * 512U);
    EXPECT_GE(proposal.vote->agreement(), 0);
    EXPECT_LE(proposal.vote->agreement(), 1);
    EXPECT_LE(proposal.candidates.size(), 3U);
    EXPECT_EQ(proposal.candidates.front().voter, "vote");
    EXPECT_EQ(proposal.engine.engine, "IC-MoE");
    EXPECT_EQ(proposal.engine.expertsRevision, "test");

    const auto again = answer(*engine, {m_click});
    EXPECT_EQ(again.candidates.front().mask, proposal.candidates.front().mask); // IC8
    EXPECT_EQ(again.vote->disagreement, proposal.vote->disagreement);
}

TEST_F(IcMoeSegmenterTest, IC5_ExpertsThatAreSwitchedOff_DoNotSpeak)
{
    m_options.withoutKinds = {VoterKind::semantic, VoterKind::adaptive};
    const auto some = answer(*segmenter(Learned::something), {m_click});
    for (const auto& voter : some.vote->voters) {
        EXPECT_TRUE(voter.kind == VoterKind::base || voter.kind == VoterKind::basic) << voter.name;
    }
    m_options.withoutKinds = {VoterKind::basic, VoterKind::semantic, VoterKind::adaptive};
    const auto base = answer(*segmenter(Learned::something), {m_box});
    EXPECT_EQ(namesOf(base), (std::vector<std::string>{"base", "base mask 1"}));
    m_options.withoutKinds = {VoterKind::base};
    const auto experts = answer(*segmenter(Learned::something), {m_box});
    for (const auto& voter : experts.vote->voters) {
        EXPECT_NE(voter.kind, VoterKind::base);
    }
}

TEST_F(IcMoeSegmenterTest, TheDetailExpert_HearsItself_UnlessTheAnnotatorGaveAMask)
{
    const auto engine = segmenter(Learned::something);
    const auto of = [&](const Prompt& asked) {
        const auto names = namesOf(answer(*engine, {asked}));
        return std::count_if(names.begin(), names.end(), [](const auto& n) { return n.starts_with("detail expert"); });
    };
    EXPECT_EQ(of(m_click), 2);
    EXPECT_EQ(of(m_box), 2);
    EXPECT_EQ(of(prompt(MaskPrompt{ellipseMask(512, 512, {256, 220}, 60, 40)})), 1);
}

/// One that answers something of its own.
LocalExpert localExpert(const std::string& label, double voteBias)
{
    at::manual_seed(8);
    auto tensors = ExpertParameters::fresh(1, 9, LocalExpert::kRank).tensors();
    for (auto& [name, tensor] : tensors) {
        tensor = tensor + 0.02 * at::randn(tensor.sizes());
    }
    return {"test", label, ExpertParameters(tensors), voteBias, {}};
}

TEST_F(IcMoeSegmenterTest, IC10_ALocalExpert_LeavesAnswersForOtherLabelsAsTheyWere)
{
    const auto without = segmenter(Learned::something);
    const auto with = segmenter(Learned::something, {localExpert("Left adrenal", 3), localExpert("b", 2)});
    const auto own = prompt(LabelPrompt{"Left adrenal"});
    const auto other = prompt(LabelPrompt{"a"});
    const auto unknown = prompt(LabelPrompt{"Right adrenal"});
    for (const auto& asked : {std::vector{m_click},
                              {m_box},
                              {m_click, m_outside, other},
                              {m_box, unknown},
                              {m_click, unknown},
                              {m_box, m_click, other}}) {
        const auto expected = answer(*without, asked);
        const auto given = answer(*with, asked);
        EXPECT_EQ(given.vote, expected.vote);
        ASSERT_EQ(given.candidates.size(), expected.candidates.size());
        for (std::size_t n = 0; n < given.candidates.size(); ++n) {
            EXPECT_EQ(given.candidates[n].mask, expected.candidates[n].mask);
            EXPECT_EQ(given.candidates[n].predictedIou, expected.candidates[n].predictedIou);
        }
    }
    for (const auto& asked : {std::vector{m_click, own}, {m_box, own}}) {
        const auto proposal = answer(*with, asked);
        const auto& last = proposal.vote->voters.back();
        EXPECT_EQ(last.kind, VoterKind::local);
        EXPECT_EQ(last.name, "local");
        EXPECT_GT(last.weight, 0.1); // its bias is heard
        EXPECT_NE(proposal.vote, answer(*without, asked).vote);
    }
}

TEST_F(IcMoeSegmenterTest, ALocalExpert_MayBeSwitchedOff_AndItsBiasIsHeard)
{
    const std::vector asked{m_click, prompt(LabelPrompt{"Left adrenal"})};
    const auto weightAt = [&](double bias) {
        return answer(*segmenter(Learned::something, {localExpert("Left adrenal", bias)}), asked)
            .vote->voters.back()
            .weight;
    };
    EXPECT_GT(weightAt(4), weightAt(0) + 0.05);
    EXPECT_LT(weightAt(-4), weightAt(0) - 0.005);
    m_options.withoutKinds = {VoterKind::local};
    EXPECT_EQ(answer(*segmenter(Learned::something, {localExpert("Left adrenal", 4)}), asked).vote,
              answer(*segmenter(Learned::something), asked).vote);
}

TEST_F(IcMoeSegmenterTest, LocalExperts_NeedTheirPack_AndALabelOfTheirOwn)
{
    const TemporaryFolder folder;
    const auto file = weights::loadLiteMedSam(m_options.weightFolders);
    const auto keep = [&](const std::string& name, std::span<const std::byte> bytes) {
        ASSERT_TRUE(writeFileAtomically(folder / name, bytes, {.replace = true, .mode = 0600}));
    };
    keep("pack", packOf(Learned::something, file->sha256)->toBytes().value());
    m_options.experts = (folder / "pack").string();
    const auto revision = findPack(m_options, file->sha256).value()->sha256;
    auto expert = localExpert("Left adrenal", 1);
    expert.packSha256 = revision;
    keep("one", expert.toBytes().value());
    expert.packSha256 = std::string(64, 'f');
    keep("of another pack", expert.toBytes().value());

    m_options.localExperts = {folder / "one"};
    const auto pack = findPack(m_options, file->sha256).value();
    ASSERT_EQ(pack->local.size(), 1U);
    EXPECT_EQ(pack->local[0].label, "Left adrenal");
    m_options.localExperts = {folder / "of another pack"};
    const auto foreign = findPack(m_options, file->sha256);
    ASSERT_FALSE(foreign);
    EXPECT_EQ(foreign.error().code, ErrorCode::weightsUnknown);
    EXPECT_NE(foreign.error().where.find("of another pack"), std::string::npos);
    m_options.localExperts = {folder / "one", folder / "one"};
    const auto twice = findPack(m_options, file->sha256);
    ASSERT_FALSE(twice);
    EXPECT_NE(twice.error().message.find("Left adrenal"), std::string::npos);
    m_options.experts = "none";
    EXPECT_EQ(findPack(m_options, file->sha256).error().code, ErrorCode::invalidArgument);
}

TEST_F(IcMoeSegmenterTest, WithoutTheVote_VoicesCountAlike)
{
    m_options.withVote = false;
    const auto proposal = answer(*segmenter(Learned::something), {m_click});
    for (const auto& voter : proposal.vote->voters) {
        EXPECT_NEAR(voter.weight, 1.0 / static_cast<double>(proposal.vote->voters.size()), 1e-5);
    }
}

TEST_F(IcMoeSegmenterTest, APreview_HearsAFewVoices)
{
    const auto engine = segmenter(Learned::something);
    ASSERT_TRUE(engine->hasPreview());
    const auto preview = engine->preview(boxPicture(), *m_embedding, {m_click}, {}).value();
    EXPECT_TRUE(preview.isPreview);
    EXPECT_EQ(namesOf(preview), (std::vector<std::string>{"box hypothesis", "box hypothesis 2", "click expert"}));
    EXPECT_FALSE(answer(*engine, {m_click}).isPreview);
    m_options.previews = false;
    EXPECT_FALSE(segmenter(Learned::something)->hasPreview());
}

TEST_F(IcMoeSegmenterTest, AFullVoteThatFollowsItsPreview_HasTheBitsOfOneWithout)
{
    const auto engine = segmenter(Learned::something);
    for (const auto& prompts : {std::vector{m_click}, std::vector{m_click, m_outside}, std::vector{m_box, m_click}}) {
        const auto alone = answer(*engine, prompts);
        (void)engine->preview(boxPicture(), *m_embedding, prompts, {}).value();
        const auto after = answer(*engine, prompts);
        ASSERT_EQ(after.candidates.size(), alone.candidates.size());
        for (std::size_t n = 0; n < alone.candidates.size(); ++n) {
            EXPECT_EQ(after.candidates[n].mask, alone.candidates[n].mask);
            EXPECT_EQ(after.candidates[n].predictedIou, alone.candidates[n].predictedIou);
        }
        EXPECT_EQ(*after.vote, *alone.vote);
    }
}

TEST_F(IcMoeSegmenterTest, APreviewOfOtherPrompts_DoesNotSpeakInTheVote)
{
    const auto engine = segmenter(Learned::something);
    const auto alone = answer(*engine, {m_box});
    (void)engine->preview(boxPicture(), *m_embedding, {m_box, m_outside}, {}).value();
    EXPECT_EQ(*answer(*engine, {m_box}).vote, *alone.vote);
    const auto other = engine->encode(boxPicture(), {}, {}).value();
    (void)engine->preview(boxPicture(), *other, {m_box}, {}).value();
    EXPECT_EQ(*answer(*engine, {m_box}).vote, *alone.vote);
}

TEST_F(IcMoeSegmenterTest, IC7_ClicksAreHonoured_InAnyMixOfPrompts)
{
    const auto engine = segmenter(Learned::something);
    const auto scribble = prompt(ScribblePrompt{{{200, 200}, {230, 210}, {260, 215}}, true});
    const auto lasso = prompt(LassoPrompt{{{130, 125}, {380, 128}, {378, 312}, {134, 310}}});
    const auto earlier = prompt(MaskPrompt{ellipseMask(512, 512, {256, 220}, 100, 70)});
    const auto label = prompt(LabelPrompt{"b"});
    const std::vector<std::vector<Prompt>> mixes{
        {m_click, m_outside},        {m_box, m_click, m_outside},
        {scribble, m_outside},       {lasso, m_click},
        {earlier, m_outside, label}, {m_box, scribble, lasso, earlier, m_click, m_outside, label}};
    for (const auto& mix : mixes) {
        const auto proposal = answer(*engine, mix);
        for (const auto& candidate : proposal.candidates) {
            for (const auto& one : mix) {
                if (const auto* click = std::get_if<PointPrompt>(&one.shape)) {
                    EXPECT_EQ(candidate.mask.contains(static_cast<int>(click->at.x), static_cast<int>(click->at.y)),
                              click->inside);
                }
            }
        }
    }
    EXPECT_EQ(engine->predict(boxPicture(), *m_embedding, {m_outside}, {}).error().code, ErrorCode::invalidArgument);
}

TEST_F(IcMoeSegmenterTest, AStoppedQuestion_IsCancelled_AndAForeignEmbeddingRefused)
{
    const auto engine = segmenter(Learned::something);
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(engine->predict(boxPicture(), *m_embedding, {m_click}, stop.get_token()).error().code,
              ErrorCode::cancelled);
    EXPECT_EQ(engine->encode(boxPicture(), stop.get_token(), {}).error().code, ErrorCode::cancelled);
    class Foreign final : public Embedding {
        std::size_t byteSize() const override { return 0; }
    };
    EXPECT_EQ(engine->predict(boxPicture(), Foreign{}, {m_click}, {}).error().code, ErrorCode::invalidArgument);
}

TEST_F(IcMoeSegmenterTest, AnEmbeddingFromTheDisk_AnswersWithTheSameBits)
{
    const auto engine = segmenter(Learned::something);
    const auto warm = answer(*engine, {m_click});
    const auto bytes = engine->serialize(*m_embedding);
    EXPECT_EQ(bytes.size(), PictureFeatures::byteSize());
    EXPECT_LE(bytes.size(), std::size_t{4} << 20);
    m_embedding = engine->deserialize(bytes).value();
    const auto cold = answer(*engine, {m_click});
    EXPECT_EQ(cold.candidates.front().mask, warm.candidates.front().mask);
    EXPECT_EQ(cold.vote->disagreement, warm.vote->disagreement);
    EXPECT_EQ(engine->deserialize(std::span(bytes).first(100)).error().code, ErrorCode::malformedFile);
    EXPECT_NE(engine->featuresKey(), "");
}

TEST_F(IcMoeSegmenterTest, ThePackIsFound_WhereItShouldBe)
{
    const auto file = weights::loadLiteMedSam(m_options.weightFolders);
    const TemporaryFolder folder;
    m_options.packFolders = {folder / "none", folder.path()};
    EXPECT_EQ(findPack(m_options, file->sha256).value(), nullptr); // none is shipped: the base answers
    const auto bytes = packOf(Learned::something, file->sha256)->toBytes();
    ASSERT_TRUE(writeFileAtomically(folder / "icmoe.safetensors", *bytes));
    EXPECT_NE(findPack(m_options, file->sha256).value(), nullptr);
    EXPECT_EQ(createEngine(m_options).value()->info().engine, "IC-MoE");
    m_options.experts = "none";
    EXPECT_EQ(createEngine(m_options).value()->info().engine, "LiteMedSAM");
    m_options.experts = (folder / "missing.safetensors").string();
    EXPECT_EQ(createEngine(m_options).error().code, ErrorCode::notFound);
}

} // namespace
} // namespace icmoe::test
