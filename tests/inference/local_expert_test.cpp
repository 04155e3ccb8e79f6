#include "inference/icmoe/LocalExpert.h"

#include "tests/support/TestSupport.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>

namespace icmoe::test {
namespace {

const std::string kPack(64, 'a');

LocalExpert someExpert(const std::string& label = "Left adrenal")
{
    LocalExpert expert;
    expert.packSha256 = kPack;
    expert.label = label;
    expert.parameters = ExpertParameters::fresh(1, 3, LocalExpert::kRank);
    expert.voteBias = 0.75;
    return expert;
}

Result<LocalExpert> rewritten(const std::function<void(NamedTensors&, weights::Metadata&)>& change)
{
    auto file = tensorFileFrom(someExpert().toBytes().value()).value();
    change(file.tensors, file.metadata);
    return LocalExpert::fromBytes(tensorFileBytes(file.tensors, file.metadata, true).value(), kPack);
}

TEST(LocalExpert, RoundTripsBitForBit_WithALabelInAnyScript)
{
    for (const std::string label : {"Left adrenal", "Nebenniere, \"links\" | 50 %", "左副腎", "a\\b"}) {
        const auto bytes = someExpert(label).toBytes().value();
        const auto read = LocalExpert::fromBytes(bytes, kPack);
        ASSERT_TRUE(read) << read.error().oneLine();
        EXPECT_EQ(read->label, label);
        EXPECT_EQ(read->voteBias, 0.75);
        EXPECT_EQ(read->toBytes().value(), bytes);
        EXPECT_EQ(read->sha256.size(), 64U);
    }
}

TEST(LocalExpert, IsSmall)
{
    EXPECT_LE(someExpert().parameters.valuesPerExpert(), 150'000);
    EXPECT_LT(someExpert().toBytes().value().size(), std::size_t{350} << 10);
}

TEST(LocalExpert, OfAnotherPackOrANewerProgram_IsRefused)
{
    const auto other = LocalExpert::fromBytes(someExpert().toBytes().value(), std::string(64, 'b'));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::weightsUnknown);
    EXPECT_NE(other.error().message.find("another pack"), std::string::npos);
    const auto newer = rewritten([](auto&, auto& metadata) { metadata["format"] = "2"; });
    ASSERT_FALSE(newer);
    EXPECT_EQ(newer.error().code, ErrorCode::weightsUnknown);
    EXPECT_NE(newer.error().message.find("format 2"), std::string::npos);
}

TEST(LocalExpert, AChangedBit_IsRefused)
{
    const auto good = someExpert().toBytes().value();
    for (std::size_t at = good.size() - 3; at > good.size() / 2; at -= 20011) {
        auto bad = good;
        bad[at] ^= std::byte{8};
        const auto read = LocalExpert::fromBytes(bad, kPack);
        ASSERT_FALSE(read) << at;
        EXPECT_EQ(read.error().code, ErrorCode::weightsCorrupt);
    }
    const auto relabelled = rewritten([](auto&, auto& metadata) { metadata["label"] = "Liver"; });
    ASSERT_FALSE(relabelled);
    EXPECT_EQ(relabelled.error().code, ErrorCode::weightsCorrupt);
}

TEST(LocalExpert, WhatIsNoExpertOfOneLabel_IsRefused)
{
    for (const auto& parameters :
         {ExpertParameters::fresh(2, 3, LocalExpert::kRank), ExpertParameters::fresh(1, 3, kExpertRank)}) {
        auto expert = someExpert();
        expert.parameters = parameters;
        const auto read = LocalExpert::fromBytes(expert.toBytes().value(), kPack);
        ASSERT_FALSE(read);
        EXPECT_EQ(read.error().code, ErrorCode::malformedFile);
    }
    const auto nameless = LocalExpert::fromBytes(someExpert("").toBytes().value_or(std::vector<std::byte>{}), kPack);
    EXPECT_FALSE(nameless);
}

TEST(LocalExpert, AFileThatIsNone_IsRefusedWithItsName)
{
    const TemporaryFolder folder;
    EXPECT_EQ(LocalExpert::read(folder / "none", kPack).error().code, ErrorCode::notFound);
    std::ofstream(folder / "junk") << "this is no expert at all, but long enough to be looked at";
    const auto junk = LocalExpert::read(folder / "junk", kPack);
    ASSERT_FALSE(junk);
    EXPECT_NE(junk.error().where.find("junk"), std::string::npos);
}

} // namespace
} // namespace icmoe::test
