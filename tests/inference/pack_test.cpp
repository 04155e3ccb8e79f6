#include "inference/icmoe/Pack.h"

#include "inference/icmoe/DetailExpert.h"
#include "inference/icmoe/Domains.h"
#include "inference/icmoe/Judge.h"
#include "inference/icmoe/ScoreNetwork.h"
#include "inference/icmoe/Voting.h"
#include "tests/support/TestSupport.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>

namespace icmoe::test {
namespace {

const std::string kBase(64, 'a');

Pack somePack()
{
    at::manual_seed(1);
    Pack pack;
    pack.baseSha256 = kBase;
    pack.description = {"test", "CC BY-SA 4.0", {"set one", "set two"}, {"heart", "liver"}};
    pack.taps = {at::randn({kHalfTapChannels, 128}), at::randn({kHalfTapChannels}), at::randn({kFullTapChannels, 64}),
                 at::randn({kFullTapChannels})};
    pack.basic = ExpertParameters::fresh(3, 1);
    pack.detail = DetailExpert::fresh(4);
    pack.domains =
        Domains::fitted({{at::randn({kPictureSigns}), "set one", "1"}, {at::randn({kPictureSigns}), "set two", "2"}});
    pack.judge = ScoreNetwork::fresh(kVoiceFeatures, 3);
    pack.voter = VotingNetwork::fresh(2);
    pack.routing = {{"prototypes", at::randn({2, 64})}, {"owner", at::tensor({0, 1}, at::kLong)}};
    return pack;
}

std::vector<std::byte> bytesOf(const Pack& pack)
{
    auto bytes = pack.toBytes();
    EXPECT_TRUE(bytes);
    return *bytes;
}

TEST(Pack, IC13_RoundTripsBitForBit)
{
    const auto bytes = bytesOf(somePack());
    const auto read = Pack::fromBytes(bytes, kBase);
    ASSERT_TRUE(read) << read.error().oneLine();
    EXPECT_EQ(bytesOf(*read), bytes);
    EXPECT_EQ(read->description.classes, (std::vector<std::string>{"heart", "liver"}));
    EXPECT_EQ(read->description.data, (std::vector<std::string>{"set one", "set two"}));
    EXPECT_EQ(read->basic.count(), 3);
    EXPECT_EQ(read->semantic.count(), 0);
    EXPECT_EQ(read->judge.size(), 8U);
    EXPECT_EQ(read->detail.size(), somePack().detail.size());
    EXPECT_EQ(read->domains.size(), 5U);
    EXPECT_EQ(read->sha256.size(), 64U);
}

TEST(Pack, IC13_AnotherBase_IsRefused)
{
    const auto read = Pack::fromBytes(bytesOf(somePack()), std::string(64, 'b'));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::weightsUnknown);
    EXPECT_NE(read.error().message.find("other weights"), std::string::npos);
}

TEST(Pack, IC13_AChangedBit_IsRefused)
{
    const auto good = bytesOf(somePack());
    for (std::size_t at = good.size() - 5; at > good.size() / 2; at -= 200001) {
        auto bad = good;
        bad[at] ^= std::byte{4};
        const auto read = Pack::fromBytes(bad, kBase);
        ASSERT_FALSE(read) << at;
        EXPECT_EQ(read.error().code, ErrorCode::weightsCorrupt);
    }
    for (std::size_t at = 8; at < 400; at += 23) { // in the header
        auto bad = good;
        bad[at] ^= std::byte{1};
        EXPECT_FALSE(Pack::fromBytes(bad, kBase)) << at;
    }
}

/// The pack's file with something changed and the hash it then needs, as another program might write it.
Result<Pack> rewritten(const std::function<void(NamedTensors&, weights::Metadata&)>& change)
{
    auto file = tensorFileFrom(bytesOf(somePack())).value();
    change(file.tensors, file.metadata);
    const auto bytes = tensorFileBytes(file.tensors, file.metadata, true).value();
    return Pack::fromBytes(bytes, kBase);
}

TEST(Pack, IC13_ANewerFormat_IsRefused)
{
    const auto read = rewritten([](NamedTensors&, weights::Metadata& metadata) { metadata["format"] = "4"; });
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::weightsUnknown);
    EXPECT_NE(read.error().message.find("format 4"), std::string::npos);
}

TEST(Pack, TheVoteOfAnOlderFormat_IsRefused)
{
    const auto read = rewritten([](NamedTensors&, weights::Metadata& metadata) { metadata["format"] = "1"; });
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::weightsUnknown);
    EXPECT_NE(read.error().message.find("not of this program's kind"), std::string::npos);
}

TEST(Pack, IC13_WhatItDoesNotSayOfItself_IsNamed)
{
    const auto read = rewritten([](NamedTensors&, weights::Metadata& metadata) { metadata.erase("base_sha256"); });
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::malformedFile);
    EXPECT_NE(read.error().message.find("base_sha256"), std::string::npos);
}

TEST(Pack, IC13_AMissingOrUnknownTensor_IsRefusedByName)
{
    auto pack = somePack();
    auto tensors = pack.basic.tensors();
    tensors.erase("token.own");
    EXPECT_THROW(ExpertParameters{tensors}, std::invalid_argument);

    auto lacking = somePack();
    lacking.taps.halfBias = at::zeros({3});
    const auto missing = Pack::fromBytes(bytesOf(lacking), kBase);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, ErrorCode::malformedFile);
    EXPECT_NE(missing.error().message.find("taps.half.bias"), std::string::npos);

    auto strange = somePack();
    strange.voter.emplace("more", at::zeros({1}));
    const auto odd = Pack::fromBytes(bytesOf(strange), kBase);
    ASSERT_FALSE(odd);
    EXPECT_EQ(odd.error().code, ErrorCode::malformedFile);
    EXPECT_NE(odd.error().message.find("voting network"), std::string::npos);
}

TEST(Pack, AFileThatIsNone_IsRefusedWithItsName)
{
    const TemporaryFolder folder;
    EXPECT_EQ(Pack::read(folder / "none.icmoe", kBase).error().code, ErrorCode::notFound);
    std::ofstream(folder / "junk.icmoe") << "this is no pack at all, but long enough to be looked at";
    const auto junk = Pack::read(folder / "junk.icmoe", kBase);
    ASSERT_FALSE(junk);
    EXPECT_NE(junk.error().where.find("junk.icmoe"), std::string::npos);
}

} // namespace
} // namespace icmoe::test
