#include "inference/sam/AreaResize.h"

#include <algorithm>
#include <cmath>

namespace icmoe {
namespace {

std::uint8_t toByte(float value)
{
    return static_cast<std::uint8_t>(std::clamp(std::nearbyint(value), 0.0F, 255.0F));
}

std::size_t place(int x, int y, int c, int width, int channels)
{
    return (static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x)) *
               static_cast<std::size_t>(channels) +
           static_cast<std::size_t>(c);
}

/// Whole factors: the mean of the covered pixels.
void shrinkWhole(const BytePicture& from, BytePicture& to, int factorX, int factorY)
{
    const float share = static_cast<float>(1.0 / (factorX * factorY));
    for (int y = 0; y < to.height; ++y) {
        for (int x = 0; x < to.width; ++x) {
            for (int c = 0; c < to.channels; ++c) {
                std::int64_t sum = 0;
                for (int dy = 0; dy < factorY; ++dy) {
                    for (int dx = 0; dx < factorX; ++dx) {
                        sum += from.pixels[place(x * factorX + dx, y * factorY + dy, c, from.width, from.channels)];
                    }
                }
                to.pixels[place(x, y, c, to.width, to.channels)] = factorX == 2 && factorY == 2
                                                                       ? static_cast<std::uint8_t>((sum + 2) >> 2)
                                                                       : toByte(static_cast<float>(sum) * share);
            }
        }
    }
}

/// How much of source pixel `from` goes into pixel `to`.
struct Share {
    int to = 0;
    int from = 0;
    float weight = 0;
};

std::vector<Share> shares(int from, int to)
{
    const double scale = static_cast<double>(from) / to;
    std::vector<Share> list;
    for (int d = 0; d < to; ++d) {
        const double begin = d * scale;
        const double end = begin + scale;
        const double cell = std::min(scale, from - begin);
        const int last = std::min(static_cast<int>(std::floor(end)), from - 1);
        const int first = std::min(static_cast<int>(std::ceil(begin)), last);
        if (first - begin > 1e-3) {
            list.push_back({d, first - 1, static_cast<float>((first - begin) / cell)});
        }
        for (int s = first; s < last; ++s) {
            list.push_back({d, s, static_cast<float>(1.0 / cell)});
        }
        if (end - last > 1e-3) {
            list.push_back({d, last, static_cast<float>(std::min(std::min(end - last, 1.0), cell) / cell)});
        }
    }
    return list;
}

/// Fractional factors. Products are rounded to float before they are added, in the order of the lists, as the
/// reference does; this file is compiled without contraction to fused multiply-adds.
void shrinkFractional(const BytePicture& from, BytePicture& to)
{
    const auto columns = shares(from.width, to.width);
    const auto rows = shares(from.height, to.height);
    const auto rowLength = static_cast<std::size_t>(to.width) * static_cast<std::size_t>(to.channels);
    std::vector<float> buffer(rowLength);
    std::vector<float> sum(rowLength);
    const auto flush = [&](int y) {
        for (std::size_t n = 0; n < rowLength; ++n) {
            to.pixels[static_cast<std::size_t>(y) * rowLength + n] = toByte(sum[n]);
        }
    };
    int current = -1;
    for (const auto& row : rows) {
        std::fill(buffer.begin(), buffer.end(), 0.0F);
        for (const auto& column : columns) {
            for (int c = 0; c < to.channels; ++c) {
                const auto value =
                    static_cast<float>(from.pixels[place(column.from, row.from, c, from.width, from.channels)]);
                buffer[place(column.to, 0, c, to.width, to.channels)] += value * column.weight;
            }
        }
        if (row.to != current) {
            if (current >= 0) {
                flush(current);
            }
            current = row.to;
            std::fill(sum.begin(), sum.end(), 0.0F);
            for (std::size_t n = 0; n < rowLength; ++n) {
                sum[n] = row.weight * buffer[n];
            }
        } else {
            for (std::size_t n = 0; n < rowLength; ++n) {
                sum[n] += row.weight * buffer[n];
            }
        }
    }
    flush(current);
}

/// The two neighbours of a target pixel and their weights in 1/2048.
struct Neighbours {
    int first = 0;
    int second = 0;
    int weight0 = 0;
    int weight1 = 0;
};

std::vector<Neighbours> neighbours(int from, int to)
{
    const double inverse = static_cast<double>(to) / from;
    const double scale = 1.0 / inverse;
    std::vector<Neighbours> list;
    for (int d = 0; d < to; ++d) {
        int source = static_cast<int>(std::floor(d * scale));
        float fraction = static_cast<float>((d + 1) - (source + 1) * inverse);
        fraction = fraction <= 0 ? 0.0F : fraction - std::floor(fraction);
        if (source >= from - 1) {
            source = from - 1;
            fraction = 0;
        }
        list.push_back({source, std::min(source + 1, from - 1),
                        static_cast<int>(std::lrint((1.0F - fraction) * 2048.0F)),
                        static_cast<int>(std::lrint(fraction * 2048.0F))});
    }
    return list;
}

void interpolate(const BytePicture& from, BytePicture& to)
{
    const auto columns = neighbours(from.width, to.width);
    const auto rows = neighbours(from.height, to.height);
    for (int y = 0; y < to.height; ++y) {
        const auto& row = rows[static_cast<std::size_t>(y)];
        for (int x = 0; x < to.width; ++x) {
            const auto& column = columns[static_cast<std::size_t>(x)];
            for (int c = 0; c < to.channels; ++c) {
                const auto horizontal = [&](int line) {
                    return from.pixels[place(column.first, line, c, from.width, from.channels)] * column.weight0 +
                           from.pixels[place(column.second, line, c, from.width, from.channels)] * column.weight1;
                };
                const int upper = (row.weight0 * (horizontal(row.first) >> 4)) >> 16;
                const int lower = (row.weight1 * (horizontal(row.second) >> 4)) >> 16;
                to.pixels[place(x, y, c, to.width, to.channels)] =
                    static_cast<std::uint8_t>(std::clamp((upper + lower + 2) >> 2, 0, 255));
            }
        }
    }
}

} // namespace

BytePicture resizeArea(const BytePicture& picture, int width, int height)
{
    if (picture.width == width && picture.height == height) {
        return picture;
    }
    BytePicture result{width, height, picture.channels, {}};
    result.pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                         static_cast<std::size_t>(picture.channels));
    if (picture.width < width || picture.height < height) {
        interpolate(picture, result);
    } else if (picture.width % width == 0 && picture.height % height == 0) {
        shrinkWhole(picture, result, picture.width / width, picture.height / height);
    } else {
        shrinkFractional(picture, result);
    }
    return result;
}

} // namespace icmoe
