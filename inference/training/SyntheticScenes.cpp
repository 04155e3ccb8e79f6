#include "inference/training/SyntheticScenes.h"

#include "core/base/Sha256.h"
#include "core/mask/SliceMask.h"
#include "inference/training/Augmentation.h"
#include "inference/training/Random.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace icmoe::training {
namespace {

constexpr double kTurn = 2 * std::numbers::pi;

/// Smooth noise with mean 0 and deviation 1: cells of random values, blurred.
std::vector<float> smoothNoise(int width, int height, double sigma, Random& random)
{
    std::vector<float> noise(static_cast<std::size_t>(width * height));
    std::generate(noise.begin(), noise.end(), [&] { return static_cast<float>(random.normal()); });
    blur(noise, width, height, 1, sigma);
    double square = 0;
    for (const float v : noise) {
        square += static_cast<double>(v) * v;
    }
    const auto scale = static_cast<float>(1 / std::sqrt(std::max(1e-9, square / static_cast<double>(noise.size()))));
    std::transform(noise.begin(), noise.end(), noise.begin(), [&](float v) { return v * scale; });
    return noise;
}

/// A closed outline with a few random harmonics; roughness 0 is an ellipse.
std::vector<Point2> blobOutline(Point2 centre, double radius, double roughness, Random& random)
{
    const double stretch = std::exp(random.uniform(-0.5, 0.5));
    const double turn = random.uniform(0, kTurn);
    double amplitude[6];
    double phase[6];
    for (int k = 0; k < 6; ++k) {
        amplitude[k] = roughness * random.normal() / (k + 1.5);
        phase[k] = random.uniform(0, kTurn);
    }
    std::vector<Point2> outline;
    constexpr int kCorners = 96;
    for (int n = 0; n < kCorners; ++n) {
        const double t = kTurn * n / kCorners;
        double r = radius;
        for (int k = 0; k < 6; ++k) {
            r += radius * amplitude[k] * std::sin((k + 2) * t + phase[k]);
        }
        r = std::max(r, 0.15 * radius);
        const double x = r * std::cos(t) * stretch;
        const double y = r * std::sin(t) / stretch;
        outline.push_back(
            {centre.x + x * std::cos(turn) - y * std::sin(turn), centre.y + x * std::sin(turn) + y * std::cos(turn)});
    }
    return outline;
}

SliceMask polygonShape(int width, int height, Point2 centre, double radius, Random& random)
{
    std::vector<Point2> corners;
    const auto count = 3 + random.below(5);
    const double start = random.uniform(0, kTurn);
    for (std::size_t n = 0; n < count; ++n) {
        const double t =
            start + kTurn * (static_cast<double>(n) + random.uniform(-0.25, 0.25)) / static_cast<double>(count);
        const double r = radius * random.uniform(0.6, 1.2);
        corners.push_back({centre.x + r * std::cos(t), centre.y + r * std::sin(t)});
    }
    return polygonMask(width, height, corners);
}

/// A trunk that bends, thins and branches.
SliceMask tree(int width, int height, Random& random)
{
    struct Branch {
        Point2 at;
        double direction = 0;
        double radius = 0;
        int depth = 0;
    };
    std::vector<Branch> open{{{random.uniform(0.1, 0.9) * width, random.uniform(0.1, 0.9) * height},
                              random.uniform(0, kTurn),
                              random.uniform(1.5, 4.5),
                              0}};
    SliceMask mask(width, height);
    while (!open.empty()) {
        Branch branch = open.back();
        open.pop_back();
        std::vector<Point2> path{branch.at};
        const auto steps = 20 + random.below(60);
        for (std::size_t n = 0; n < steps; ++n) {
            branch.direction += 0.16 * random.normal();
            branch.at = {branch.at.x + 2.2 * std::cos(branch.direction),
                         branch.at.y + 2.2 * std::sin(branch.direction)};
            path.push_back(branch.at);
            if (branch.depth < 4 && random.uniform() < 0.04) {
                open.push_back({branch.at,
                                branch.direction + (random.uniform() < 0.5 ? -1 : 1) * random.uniform(0.4, 1.2),
                                std::max(0.7, branch.radius * random.uniform(0.6, 0.9)), branch.depth + 1});
            }
        }
        mask = mask.united(strokeMask(width, height, path, branch.radius, branch.radius));
    }
    return mask;
}

SliceMask drawShape(int width, int height, const std::set<std::string>& without, Random& random)
{
    const Point2 centre{random.uniform(0.08, 0.92) * width, random.uniform(0.08, 0.92) * height};
    const double radius = std::exp(random.uniform(std::log(0.035), std::log(0.3))) * width;
    double kind = random.uniform();
    const bool isLeftOut = kind >= 0.68 && without.contains(kind < 0.8 ? "rings" : kind < 0.9 ? "polygons" : "trees");
    kind = isLeftOut ? 0.5 : kind; // a blob instead
    if (kind < 0.3) {
        return polygonMask(width, height, blobOutline(centre, radius, 0, random));
    }
    if (kind < 0.68) {
        return polygonMask(width, height, blobOutline(centre, radius, random.uniform(0.05, 0.3), random));
    }
    if (kind < 0.8) {
        const auto outer = polygonMask(width, height, blobOutline(centre, radius, 0.08, random));
        const auto inner =
            polygonMask(width, height, blobOutline(centre, radius * random.uniform(0.45, 0.75), 0.06, random));
        return outer.subtracted(inner);
    }
    return kind < 0.9 ? polygonShape(width, height, centre, radius, random) : tree(width, height, random);
}

/// What the eye tells things apart by.
struct Look {
    double tone[3];
    double textureStrength = 0;
    std::vector<float> texture;
};

Look drawLook(int width, int height, bool coloured, bool textured, Random& random)
{
    Look look;
    const double grey = random.uniform(15, 240);
    for (double& channel : look.tone) {
        channel = coloured ? std::clamp(grey + 45 * random.normal(), 0.0, 255.0) : grey;
    }
    if (random.uniform() < 0.7) {
        look.textureStrength = random.uniform(2, 28);
        auto texture = smoothNoise(width, height, std::exp(random.uniform(std::log(0.6), std::log(9.0))), random);
        if (textured) {
            look.texture = std::move(texture);
        }
    }
    return look;
}

void paint(std::vector<float>& picture, const std::vector<float>& cover, const Look& look)
{
    for (std::size_t n = 0; n < cover.size(); ++n) {
        if (cover[n] <= 0) {
            continue;
        }
        const float texture = look.texture.empty() ? 0.0F : static_cast<float>(look.textureStrength) * look.texture[n];
        for (std::size_t c = 0; c < 3; ++c) {
            float& at = picture[3 * n + c];
            at += cover[n] * (static_cast<float>(look.tone[c]) + texture - at);
        }
    }
}

void disturb(std::vector<float>& picture, int width, int height, bool coloured, const std::set<std::string>& without,
             Random& random)
{
    if (random.uniform() < 0.6) {
        const double sigma = random.uniform(0.4, 1.8);
        if (!without.contains("blur")) {
            blur(picture, width, height, 3, sigma);
        }
    }
    std::vector<float> bias(static_cast<std::size_t>(width * height), 0.0F);
    if (random.uniform() < 0.5) {
        bias = smoothNoise(width, height, width / 5.0, random);
    }
    const auto kept = [&](const char* kind, double strength) { return without.contains(kind) ? 0 : strength; };
    const double biasStrength = kept("bias", random.uniform(0.05, 0.3));
    const double speckle = kept("speckle", random.uniform() < 0.35 ? random.uniform(0.05, 0.35) : 0);
    const double noise = kept("noise", random.uniform(0, 14));
    auto grain = smoothNoise(width, height, random.uniform(0.4, 1.2), random);
    for (std::size_t n = 0; n < bias.size(); ++n) {
        const double factor = std::exp(biasStrength * static_cast<double>(bias[n])) *
                              std::max(0.0, 1 + speckle * static_cast<double>(grain[n]));
        const double common = noise * random.normal();
        for (std::size_t c = 0; c < 3; ++c) {
            float& at = picture[3 * n + c];
            at = static_cast<float>(at * factor + (coloured ? noise * random.normal() : common));
        }
    }
}

} // namespace

const std::set<std::string>& sceneKinds()
{
    static const std::set<std::string> kinds{"rings", "polygons", "trees", "textures",  "blur",
                                             "bias",  "speckle",  "noise", "neighbours"};
    return kinds;
}

TrainingPicture syntheticScene(std::uint64_t seed, const std::set<std::string>& without)
{
    Random random(seed);
    const int width = 256;
    const int height = random.uniform() < 0.7 ? 256 : 192;
    const bool coloured = random.uniform() < 0.35;
    const auto count = static_cast<std::size_t>(width * height);
    std::vector<float> picture(3 * count, 0.0F);
    TrainingPicture result;
    result.values.assign(count, 0);
    const bool textured = !without.contains("textures");
    paint(picture, std::vector<float>(count, 1.0F), drawLook(width, height, coloured, textured, random));
    const int drawn = 2 + static_cast<int>(random.below(7));
    const int objects = without.contains("neighbours") ? 1 : drawn;
    for (int value = 1; value <= objects; ++value) {
        const SliceMask shape = drawShape(width, height, without, random);
        std::vector<float> cover(count, 0.0F);
        for (const Run run : shape.runs()) {
            std::fill(cover.begin() + run.begin, cover.begin() + run.end, 1.0F);
            std::fill(result.values.begin() + run.begin, result.values.begin() + run.end, value);
        }
        blur(cover, width, height, 1, random.uniform(0.3, 1.6));
        paint(picture, cover, drawLook(width, height, coloured, textured, random));
    }
    disturb(picture, width, height, coloured, without, random);
    auto& image = result.image;
    image.width = width;
    image.height = height;
    image.channels = coloured ? 3 : 1;
    image.range.name = "uint8";
    for (std::size_t n = 0; n < count; ++n) {
        for (std::size_t c = 0; c < static_cast<std::size_t>(image.channels); ++c) {
            image.pixels.push_back(static_cast<std::uint8_t>(std::clamp(picture[3 * n + c], 0.0F, 255.0F)));
        }
    }
    image.key = sha256(std::as_bytes(std::span(image.pixels)));
    return result;
}

} // namespace icmoe::training
