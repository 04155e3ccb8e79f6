// Two figures about waiting: how long a brush stroke takes to the screen on a 512 × 512 × 1000 volume, and how
// regularly the event loop turns while the engine encodes, against the same loop at rest. Prints one JSON object.
#include "inference/Engine.h"
#include "ui/document/AnnotationDocument.h"
#include "ui/style/Fonts.h"
#include "ui/tools/ToolController.h"
#include "ui/views/SliceView.h"
#include "ui/views/ViewArea.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QMouseEvent>
#include <QTimer>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <ctime>

extern "C" const icmoe::EngineLibrary* icmoe_engine_library();

using namespace icmoe;
using namespace icmoe::ui;

namespace {

double percentile(std::vector<double> values, double share)
{
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : values[std::min(values.size() - 1, std::size_t(share * double(values.size())))];
}

std::shared_ptr<const Volume> largeVolume()
{
    const Size3 size{512, 512, 1000};
    Volume::Description description{*Geometry::regular(size, {-180, -180, 0}, {1, 0, 0}, {0, 1, 0}, {0.7, 0.7, 0.7}),
                                    SampleType::s16,
                                    {Rescale{}},
                                    "HU",
                                    false,
                                    {{400, 40}},
                                    "CT",
                                    {}};
    auto volume = *Volume::allocate(std::move(description));
    for (int k = 0; k < size.depth; ++k) {
        auto bytes = volume->writableSliceBytes(k);
        auto* values = reinterpret_cast<std::int16_t*>(bytes.data());
        for (int pixel = 0; pixel < size.width * size.height; ++pixel) {
            values[pixel] = static_cast<std::int16_t>(((pixel % 512) ^ (pixel / 512) ^ k) - 100);
        }
        volume->markLoaded(k);
    }
    return volume;
}

/// A body-sized mask on every slice, so that strokes meet a mask of real size.
Segmentation largeMask(Size3 size)
{
    Segmentation segmentation(size);
    (void)segmentation.labels().add("Structure 1");
    Mask mask(size);
    for (int k = 0; k < size.depth; ++k) {
        mask.setSlice(k, ellipseMask(size.width, size.height, {256, 256}, 120 + k % 40, 90 + k % 30));
    }
    segmentation.setMask(1, std::move(mask));
    return segmentation;
}

void moveMouse(QWidget& view, QEvent::Type type, QPointF at)
{
    const Qt::MouseButton button = type == QEvent::MouseMove ? Qt::NoButton : Qt::LeftButton;
    const Qt::MouseButtons buttons = type == QEvent::MouseButtonRelease ? Qt::NoButton : Qt::LeftButton;
    QMouseEvent event(type, at, view.mapToGlobal(at), button, buttons, Qt::NoModifier);
    QApplication::sendEvent(&view, &event);
}

/// From a mouse move to the end of the frame that shows it, milliseconds: on the clock, and of this thread's own work
/// (which other programs on the machine do not lengthen).
struct Latencies {
    std::vector<double> wall;
    std::vector<double> cpu;
};

double threadMilliseconds()
{
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return double(now.tv_sec) * 1e3 + double(now.tv_nsec) / 1e6;
}

Latencies strokeLatencies(SliceView& view, int moves)
{
    Latencies latencies;
    const auto at = [&](int i) {
        const double turn = i * 0.11;
        return QPointF(view.width() / 2.0 + 110 * std::cos(turn), view.height() / 2.0 + 90 * std::sin(1.7 * turn));
    };
    QElapsedTimer clock;
    moveMouse(view, QEvent::MouseButtonPress, at(0));
    for (int i = 1; i <= moves; ++i) {
        const quint64 frames = view.frameCount();
        clock.start();
        const double before = threadMilliseconds();
        moveMouse(view, QEvent::MouseMove, at(i));
        while (view.frameCount() == frames) {
            QApplication::processEvents(QEventLoop::AllEvents);
        }
        latencies.wall.push_back(double(clock.nsecsElapsed()) / 1e6);
        latencies.cpu.push_back(threadMilliseconds() - before);
    }
    moveMouse(view, QEvent::MouseButtonRelease, at(moves));
    return latencies;
}

/// Times between turns of the event loop while a timer asks for one every 4 ms, and the views scroll as a user does.
std::vector<double> loopGaps(AnnotationDocument& document, int milliseconds, const std::function<void()>& eachTurn = {})
{
    std::vector<double> gaps;
    QElapsedTimer total;
    QElapsedTimer since;
    total.start();
    since.start();
    QTimer tick;
    tick.setTimerType(Qt::PreciseTimer);
    int turn = 0;
    QObject::connect(&tick, &QTimer::timeout, [&] {
        gaps.push_back(double(since.nsecsElapsed()) / 1e6);
        since.start();
        if (eachTurn) {
            eachTurn();
        }
        if (++turn % 12 == 0) {
            document.setSlice(Plane::axial, 400 + turn / 12 % 100);
        }
    });
    tick.start(4);
    while (total.elapsed() < milliseconds) {
        QApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents);
    }
    return gaps;
}

/// The engine itself, which gets a picture that it has not seen whenever it has nothing to do.
class Encoding {
public:
    Encoding()
    {
        EngineOptions options;
        options.weightFolders = {ICMOE_WEIGHTS};
        m_service = icmoe_engine_library()
                        ->createService(options, [](const std::function<void()>& function) { function(); })
                        .value_or(nullptr);
    }
    [[nodiscard]] bool ready() const { return m_service && m_service->state().activity == EngineActivity::idle; }
    [[nodiscard]] bool failed() const
    {
        const auto activity = m_service ? m_service->state().activity : EngineActivity::failed;
        return activity == EngineActivity::failed || activity == EngineActivity::noWeights;
    }
    [[nodiscard]] std::uint64_t encoded() const { return m_service->counters().encodedForPrompt; }
    void feed()
    {
        if (!ready()) {
            return;
        }
        auto image = std::make_shared<SliceImage>();
        image->width = 256;
        image->height = 256;
        image->pixels.resize(std::size_t{256} * 256, static_cast<std::uint8_t>(++m_number));
        image->slice = m_number;
        image->key = "ui bench " + std::to_string(m_number);
        m_service->setVisible(std::move(image), {});
    }

private:
    std::unique_ptr<SegmentationService> m_service;
    int m_number = 0;
};

} // namespace

int main(int argc, char** argv)
{
    VtkWidget::prepareApplication();
    QApplication application(argc, argv);
    registerFonts();
    AnnotationDocument document;
    ToolController tools(document);
    ViewArea area(document, tools);
    area.resize(1030, 880);
    area.show();
    Series series;
    series.uid = "1.2.3";
    const auto volume = largeVolume();
    document.openSeries(Study{}, series, volume);
    if (!document.importSegmentation(largeMask(volume->size()), QStringLiteral("mask"))) {
        return 1;
    }
    SliceView& view = area.sliceView(Plane::axial);
    while (view.frameCount() < 3) {
        QApplication::processEvents();
        view.update();
    }
    tools.choose(ToolId::brush);
    tools.setBrushRadiusMm(8);
    (void)strokeLatencies(view, 10);
    const auto axial = strokeLatencies(view, 150);
    area.setMainPlane(Plane::coronal);
    QApplication::processEvents();
    const auto coronal = strokeLatencies(area.sliceView(Plane::coronal), 80);
    area.setMainPlane(Plane::axial);
    const auto idle = loopGaps(document, 3000);
    Encoding engine;
    while (!engine.ready()) {
        if (engine.failed()) {
            std::fprintf(stderr, "there is no engine: run installer/setup and build icmoe_inference\n");
            return 1;
        }
        QApplication::processEvents(QEventLoop::AllEvents, 50);
    }
    const auto busy = loopGaps(document, 3000, [&] { engine.feed(); });
    const auto print = [](const char* name, const Latencies& l) {
        std::printf("\"%s\": {\"median\": %.1f, \"p95\": %.1f, \"cpu_median\": %.1f, \"cpu_p95\": %.1f}, ", name,
                    percentile(l.wall, 0.5), percentile(l.wall, 0.95), percentile(l.cpu, 0.5), percentile(l.cpu, 0.95));
    };
    std::printf("{\"volume\": \"512x512x1000 s16\", ");
    print("brush_ms", axial);
    print("brush_coronal_ms", coronal);
    std::printf(
        "\"loop_gap_ms\": {\"idle_p99\": %.1f, \"encoding_p99\": %.1f, \"ratio\": %.2f, \"slices_encoded\": %llu}}\n",
        percentile(idle, 0.99), percentile(busy, 0.99),
        percentile(busy, 0.99) / std::max(0.001, percentile(idle, 0.99)),
        static_cast<unsigned long long>(engine.encoded()));
    return 0;
}
