// Tight boxes on real pictures, by the protocol of engine.md section 4: the Python reference reaches a mean Dice of
// 0.970.
#include "TestWeights.h"
#include "core/formats/Jpeg.h"
#include "core/formats/Png.h"
#include "core/mask/Metrics.h"
#include "inference/sam/LiteMedSamSegmenter.h"
#include "tests/support/TestSupport.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace icmoe;

namespace {

constexpr std::size_t kSmallestCase = 100; // pixels

SliceImage readPicture(const std::filesystem::path& path)
{
    SliceImage image;
    const auto take = [&](int width, int height, SampleType type, const std::vector<std::byte>& pixels) {
        image.width = width;
        image.height = height;
        image.channels = type == SampleType::rgb8 ? 3 : 1;
        const auto* first = reinterpret_cast<const std::uint8_t*>(pixels.data());
        image.pixels.assign(first, first + pixels.size());
    };
    if (path.extension() == ".png") {
        const auto png = readPng(path, PngReading::colours).value();
        take(png.width, png.height, png.type, png.pixels);
    } else {
        const auto jpeg = readJpeg(path, false).value();
        take(jpeg.width, jpeg.height, jpeg.type, jpeg.pixels);
    }
    return image;
}

/// The largest 8-connected component of one label value.
SliceMask objectOf(const PngPicture& label, std::uint8_t value)
{
    std::vector<std::uint8_t> bitmap(label.pixels.size());
    std::transform(label.pixels.begin(), label.pixels.end(), bitmap.begin(),
                   [value](std::byte b) { return b == std::byte{value} ? std::uint8_t{1} : std::uint8_t{0}; });
    const auto components = connectedComponents(SliceMask::fromBitmap(bitmap, label.width, label.height));
    return components.empty() ? SliceMask(label.width, label.height) : components.front();
}

} // namespace

TEST(BoxAccuracy, PolypPictures_ReachTheReferencesMeanDice)
{
    ICMOE_NEEDS_WEIGHTS();
    const auto folder = test::shared("data/segmentation/endoscopy_polyp/val");
    if (folder.empty()) {
        GTEST_SKIP() << "the shared pictures are not beside the checkout";
    }
    EngineOptions options;
    options.weightFolders = test::weightFolders();
    options.guarantees = false;
    const auto segmenter = createLiteMedSam(options).value();
    std::vector<std::filesystem::path> pictures;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "images")) {
        pictures.push_back(entry.path());
    }
    std::sort(pictures.begin(), pictures.end());
    double sum = 0;
    int cases = 0;
    for (const auto& path : pictures) {
        const auto label = readPng(folder / "labels" / (path.stem().string() + ".png"), PngReading::indices).value();
        const auto object = objectOf(label, 1);
        if (object.area() < kSmallestCase) {
            continue;
        }
        const auto image = readPicture(path);
        const auto embedding = segmenter->encode(image, {}, {}).value();
        const auto bounds = object.bounds().value();
        Prompt prompt;
        prompt.shape = BoxPrompt{static_cast<double>(bounds.x0), static_cast<double>(bounds.y0),
                                 static_cast<double>(bounds.x1), static_cast<double>(bounds.y1)};
        const auto proposal = segmenter->predict(image, *embedding, {prompt}, {}).value();
        sum += dice(proposal.candidates.front().mask, object);
        ++cases;
    }
    const double mean = sum / cases;
    std::cout << cases << " cases, mean Dice " << mean << '\n';
    EXPECT_EQ(cases, 28);
    EXPECT_NEAR(mean, 0.970, 0.005);
}
