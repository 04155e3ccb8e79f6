// The fuzzer's corpus as an ordinary test: every file is read or refused, and the seeds that are sound are read.
#include "core/base/AtomicFile.h"
#include "inference/weights/Checkpoint.h"
#include "inference/weights/Safetensors.h"
#include "inference/weights/StateDictPickle.h"

#include <filesystem>
#include <gtest/gtest.h>

using namespace icmoe;

TEST(WeightsCorpus, EveryFile_IsReadOrRefused)
{
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(ICMOE_SOURCE_DIR "/tests/fuzz/corpus/weights")) {
        const auto bytes = readWholeFile(entry.path(), std::size_t{1} << 20).value();
        ASSERT_FALSE(bytes.empty());
        const auto file = std::span(bytes).subspan(1);
        const char kind = static_cast<char>(bytes[0]);
        const bool read = kind == 'z'   ? weights::readCheckpoint(file).has_value()
                          : kind == 'p' ? weights::readStateDict(file).has_value()
                                        : weights::readSafetensors(file).has_value();
        EXPECT_EQ(read, entry.path().filename().string().starts_with("sound")) << entry.path();
        ++files;
    }
    EXPECT_GE(files, 8);
}
