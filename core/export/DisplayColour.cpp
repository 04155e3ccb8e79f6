#include "core/export/DisplayColour.h"

#include <algorithm>
#include <cmath>

namespace icmoe {
namespace {

// sRGB (IEC 61966-2-1) to XYZ adapted to D50 (Bradford), and its inverse.
constexpr double kToXyz[3][3] = {
    {0.4360747, 0.3850649, 0.1430804}, {0.2225045, 0.7168786, 0.0606169}, {0.0139322, 0.0971045, 0.7141733}};
constexpr double kFromXyz[3][3] = {
    {3.1338561, -1.6168667, -0.4906146}, {-0.9787684, 1.9161415, 0.0334540}, {0.0719453, -0.2289914, 1.4052427}};
constexpr double kWhite[3] = {0.96422, 1.0, 0.82521};
constexpr double kDelta = 6.0 / 29.0;

double linear(double value)
{
    return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
}

double companded(double value)
{
    return value <= 0.0031308 ? value * 12.92 : 1.055 * std::pow(value, 1 / 2.4) - 0.055;
}

double forward(double t)
{
    return t > kDelta * kDelta * kDelta ? std::cbrt(t) : t / (3 * kDelta * kDelta) + 4.0 / 29.0;
}

double backward(double t)
{
    return t > kDelta ? t * t * t : 3 * kDelta * kDelta * (t - 4.0 / 29.0);
}

std::uint16_t scaled(double value, double from, double to)
{
    return static_cast<std::uint16_t>(std::lround(std::clamp((value - from) / (to - from), 0.0, 1.0) * 65535));
}

} // namespace

std::array<std::uint16_t, 3> displayLab(Colour colour)
{
    const double rgb[3] = {linear(colour.red / 255.0), linear(colour.green / 255.0), linear(colour.blue / 255.0)};
    double f[3];
    for (int n = 0; n < 3; ++n) {
        f[n] = forward((kToXyz[n][0] * rgb[0] + kToXyz[n][1] * rgb[1] + kToXyz[n][2] * rgb[2]) / kWhite[n]);
    }
    return {scaled(116 * f[1] - 16, 0, 100), scaled(500 * (f[0] - f[1]), -128, 127),
            scaled(200 * (f[1] - f[2]), -128, 127)};
}

Colour displayColour(const std::array<std::uint16_t, 3>& lab)
{
    const double l = (lab[0] / 65535.0 * 100 + 16) / 116;
    const double a = lab[1] / 65535.0 * 255 - 128;
    const double b = lab[2] / 65535.0 * 255 - 128;
    const double xyz[3] = {kWhite[0] * backward(l + a / 500), kWhite[1] * backward(l),
                           kWhite[2] * backward(l - b / 200)};
    std::uint8_t rgb[3];
    for (int n = 0; n < 3; ++n) {
        const double value = kFromXyz[n][0] * xyz[0] + kFromXyz[n][1] * xyz[1] + kFromXyz[n][2] * xyz[2];
        rgb[n] = static_cast<std::uint8_t>(std::lround(std::clamp(companded(value), 0.0, 1.0) * 255));
    }
    return {rgb[0], rgb[1], rgb[2]};
}

} // namespace icmoe
