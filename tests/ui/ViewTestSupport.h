#pragma once

#include "tests/support/DicomPhantom.h"
#include "tests/support/FakeSegmentationService.h"
#include "ui/document/AnnotationDocument.h"
#include "ui/style/Fonts.h"
#include "ui/tools/ToolController.h"
#include "ui/views/SliceView.h"
#include "ui/views/ViewArea.h"
#include "ui/views/VolumeView.h"

#include <QApplication>
#include <QDir>
#include <QFile>
#include <QTest>

#include <memory>

namespace icmoe::ui::test {

/// Posts to the Qt event loop.
inline Post postToEventLoop()
{
    return [](std::function<void()> function) {
        QMetaObject::invokeMethod(QCoreApplication::instance(), std::move(function), Qt::QueuedConnection);
    };
}

/// A document with views on the screen.
struct Desk {
    explicit Desk(QSize size = {1024, 720})
    {
        document.setEngine(&engine);
        area = std::make_unique<ViewArea>(document, tools);
        area->resize(size);
        area->show();
        if (!QTest::qWaitForWindowExposed(area.get())) {
            qFatal("the window was not shown");
        }
    }

    void open(std::shared_ptr<const Volume> volume, Series series = {})
    {
        if (series.uid.empty()) {
            series.uid = "1.2.3";
        }
        document.openSeries(Study{}, series, std::move(volume));
    }
    void open(const icmoe::test::DicomPhantomOptions& options = {}) { open(icmoe::test::phantomVolume(options)); }

    [[nodiscard]] SliceView& main() const { return area->sliceView(area->mainPlane()); }

    /// Mouse drag through the widgets, point by point, in view coordinates.
    static void drag(QWidget& view, const std::vector<QPointF>& path, Qt::MouseButton button = Qt::LeftButton,
                     Qt::KeyboardModifiers modifiers = {})
    {
        QTest::mousePress(&view, button, modifiers, path.front().toPoint());
        for (const QPointF point : path) {
            move(view, point, button, modifiers);
        }
        QTest::mouseRelease(&view, button, modifiers, path.back().toPoint());
    }
    static void move(QWidget& view, QPointF at, Qt::MouseButtons buttons = {}, Qt::KeyboardModifiers modifiers = {})
    {
        QMouseEvent event(QEvent::MouseMove, at, view.mapToGlobal(at), Qt::NoButton, buttons, modifiers);
        QApplication::sendEvent(&view, &event);
    }

    icmoe::test::FakeSegmentationService engine{postToEventLoop()};
    AnnotationDocument document;
    ToolController tools{document};
    std::unique_ptr<ViewArea> area;
};

/// Saves a picture where ICMOE_SCREENSHOTS says, to be looked at.
inline void keepScreenshot(const QImage& image, const QString& name)
{
    const QString folder = qEnvironmentVariable("ICMOE_SCREENSHOTS");
    if (!folder.isEmpty()) {
        QDir().mkpath(folder);
        image.save(folder + QLatin1Char('/') + name + QStringLiteral(".png"));
    }
}

/// Mean and largest block difference of two pictures, each seen through 8 × 8 pixel blocks: what an eye compares.
struct Difference {
    double mean = 255;
    double worst = 255;
};
inline Difference differenceOf(const QImage& left, const QImage& right)
{
    const auto blocks = [](const QImage& image, QSize size) {
        return image.convertToFormat(QImage::Format_RGB32)
            .scaled(size, Qt::IgnoreAspectRatio, Qt::SmoothTransformation);
    };
    const QSize size(std::max(1, right.width() / 8), std::max(1, right.height() / 8));
    const QImage a = blocks(left, size);
    const QImage b = blocks(right, size);
    Difference result{0, 0};
    for (int y = 0; y < size.height(); ++y) {
        for (int x = 0; x < size.width(); ++x) {
            const QColor p = a.pixelColor(x, y);
            const QColor q = b.pixelColor(x, y);
            const double d =
                (std::abs(p.red() - q.red()) + std::abs(p.green() - q.green()) + std::abs(p.blue() - q.blue())) / 3.0;
            result.mean += d;
            result.worst = std::max(result.worst, d);
        }
    }
    result.mean /= double(size.width()) * size.height();
    return result;
}

/// Runs a test class with the surface that the views need.
template<typename TestClass>
int run(int argc, char** argv)
{
    VtkWidget::prepareApplication();
    QApplication application(argc, argv);
    registerFonts();
    TestClass test;
    return QTest::qExec(&test, argc, argv);
}

} // namespace icmoe::ui::test
