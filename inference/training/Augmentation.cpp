#include "inference/training/Augmentation.h"

#include "inference/training/Random.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace icmoe::training {
namespace {

/// Where a pixel of the new picture comes from: x' = a·x + b·y + c.
struct Affine {
    double a = 1, b = 0, c = 0;
    double d = 0, e = 1, f = 0;
};

Affine drawAffine(Random& random, int width, int height)
{
    const double angle = std::clamp(random.normal() * 11.0, -28.0, 28.0) * std::numbers::pi / 180;
    const double zoom = std::exp(random.uniform(std::log(0.75), std::log(1.4)));
    const double stretch = std::exp(random.uniform(-0.12, 0.12));
    const double flipX = random.uniform() < 0.5 ? -1 : 1;
    const double flipY = random.uniform() < 0.25 ? -1 : 1;
    const double cx = (width - 1) / 2.0;
    const double cy = (height - 1) / 2.0;
    Affine map;
    map.a = flipX * std::cos(angle) / zoom * stretch;
    map.b = -flipX * std::sin(angle) / zoom * stretch;
    map.d = flipY * std::sin(angle) / zoom / stretch;
    map.e = flipY * std::cos(angle) / zoom / stretch;
    const double dx = random.uniform(-0.08, 0.08) * width;
    const double dy = random.uniform(-0.08, 0.08) * height;
    map.c = cx + dx - map.a * cx - map.b * cy;
    map.f = cy + dy - map.d * cx - map.e * cy;
    return map;
}

float sample(const SliceImage& image, double x, double y, int channel)
{
    const int x0 = static_cast<int>(std::floor(x));
    const int y0 = static_cast<int>(std::floor(y));
    const double fx = x - x0;
    const double fy = y - y0;
    const auto at = [&](int px, int py) -> double {
        if (px < 0 || py < 0 || px >= image.width || py >= image.height) {
            return 0;
        }
        return image.pixels[(static_cast<std::size_t>(py) * static_cast<std::size_t>(image.width) +
                             static_cast<std::size_t>(px)) *
                                static_cast<std::size_t>(image.channels) +
                            static_cast<std::size_t>(channel)];
    };
    return static_cast<float>((at(x0, y0) * (1 - fx) + at(x0 + 1, y0) * fx) * (1 - fy) +
                              (at(x0, y0 + 1) * (1 - fx) + at(x0 + 1, y0 + 1) * fx) * fy);
}

void moveEverything(const TrainingPicture& from, const Affine& map, std::vector<float>& values,
                    std::vector<int>& labels)
{
    const auto& image = from.image;
    std::size_t at = 0;
    for (int y = 0; y < image.height; ++y) {
        for (int x = 0; x < image.width; ++x, ++at) {
            const double sx = map.a * x + map.b * y + map.c;
            const double sy = map.d * x + map.e * y + map.f;
            for (int c = 0; c < image.channels; ++c) {
                values[at * static_cast<std::size_t>(image.channels) + static_cast<std::size_t>(c)] =
                    sample(image, sx, sy, c);
            }
            const auto lx = std::lround(sx);
            const auto ly = std::lround(sy);
            const bool inside = lx >= 0 && ly >= 0 && lx < image.width && ly < image.height;
            labels[at] = inside ? from.values[static_cast<std::size_t>(ly * image.width + lx)] : 0;
        }
    }
}

void changeTones(std::vector<float>& values, int channels, Random& random)
{
    const double gamma = std::exp(random.uniform(-0.4, 0.4));
    const double contrast = random.uniform(0.75, 1.25);
    const double brightness = random.uniform(-20, 20);
    const double noise = random.uniform() < 0.5 ? random.uniform(0, 9) : 0;
    std::vector<double> tint(static_cast<std::size_t>(channels), 1);
    if (channels == 3) {
        std::generate(tint.begin(), tint.end(), [&] { return random.uniform(0.88, 1.12); });
    }
    for (std::size_t n = 0; n < values.size(); ++n) {
        if (values[n] <= 0) {
            continue; // what lies beyond the picture stays black
        }
        double v = 255 * std::pow(std::min(1.0, values[n] / 255.0), gamma);
        v = (v - 128) * contrast + 128 + brightness;
        v = v * tint[n % tint.size()] + noise * random.normal();
        values[n] = static_cast<float>(v);
    }
}

} // namespace

void blur(std::vector<float>& values, int width, int height, int channels, double sigma)
{
    const int reach = static_cast<int>(std::ceil(3 * sigma));
    std::vector<float> kernel;
    float sum = 0;
    for (int k = -reach; k <= reach; ++k) {
        kernel.push_back(static_cast<float>(std::exp(-k * k / (2 * sigma * sigma))));
        sum += kernel.back();
    }
    const auto pass = [&](int count, int stride, int lines, int lineStride) {
        std::vector<float> line(static_cast<std::size_t>(count));
        for (int l = 0; l < lines; ++l) {
            for (int c = 0; c < channels; ++c) {
                const auto index = [&](int k) {
                    return static_cast<std::size_t>((l * lineStride + std::clamp(k, 0, count - 1) * stride) * channels +
                                                    c);
                };
                for (int k = 0; k < count; ++k) {
                    float acc = 0;
                    for (int j = -reach; j <= reach; ++j) {
                        acc += kernel[static_cast<std::size_t>(j + reach)] * values[index(k + j)];
                    }
                    line[static_cast<std::size_t>(k)] = acc / sum;
                }
                for (int k = 0; k < count; ++k) {
                    values[index(k)] = line[static_cast<std::size_t>(k)];
                }
            }
        }
    };
    pass(width, 1, height, width);
    pass(height, width, width, 1);
}

TrainingPicture augmented(const TrainingPicture& picture, std::uint64_t seed)
{
    Random random(seed);
    const auto& image = picture.image;
    TrainingPicture result = picture;
    std::vector<float> values(image.pixels.size());
    moveEverything(picture, drawAffine(random, image.width, image.height), values, result.values);
    if (random.uniform() < 0.3) {
        blur(values, image.width, image.height, image.channels, random.uniform(0.4, 1.2));
    }
    changeTones(values, image.channels, random);
    std::transform(values.begin(), values.end(), result.image.pixels.begin(),
                   [](float v) { return static_cast<std::uint8_t>(std::clamp(v, 0.0F, 255.0F)); });
    return result;
}

} // namespace icmoe::training
