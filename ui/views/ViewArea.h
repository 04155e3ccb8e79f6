#pragma once

#include "core/image/Plane.h"
#include "ui/views/PointerInfo.h"

#include <QImage>
#include <QString>
#include <QWidget>

#include <memory>
#include <optional>

namespace icmoe::ui {

class AnnotationDocument;
class SliceView;
class ToolController;
class VolumeView;

enum class ViewLayout { onePlusThree, twoByTwo, single };

/// The four views: one main view and the others beside it, linked by the document. Shell places it and hands in the
/// strip and the bar that belong to the main view. A double click swaps a view with the main one. UI thread.
class ViewArea final : public QWidget {
    Q_OBJECT

public:
    ViewArea(AnnotationDocument& document, ToolController& tools, QWidget* parent = nullptr);
    ~ViewArea() override;

    /// Qt widgets that travel with the main view; owned by the area from then on. Strip: right of it, fixed width.
    /// Bar: below it, fixed height.
    void setStrip(QWidget* strip);
    void setBar(QWidget* bar);

    [[nodiscard]] ViewLayout viewLayout() const;
    void setViewLayout(ViewLayout layout);
    /// Plane of the main view (the last one where 3D is the main view).
    [[nodiscard]] Plane mainPlane() const;
    void setMainPlane(Plane plane);
    void showVolumeAsMain();

    void fitView(); ///< the focused view, else the main one
    void fitAllViews();
    void focusMainView();
    void focusNextView(bool forwards); ///< Tab order among the visible views
    /// The views as they are on the screen, at device pixels, without strip and bar.
    [[nodiscard]] QImage screenshot() const;
    /// The main view alone.
    [[nodiscard]] QImage mainScreenshot() const;

    /// Zoom and pan of each plane and the layout, as text for settings or store; restoring something odd changes
    /// nothing.
    [[nodiscard]] QString saveState() const;
    void restoreState(const QString& state);

    [[nodiscard]] SliceView& sliceView(Plane plane) const;
    [[nodiscard]] VolumeView& volumeView() const;

Q_SIGNALS:
    void layoutChanged();
    void mainViewChanged();
    void pointerChanged(const std::optional<icmoe::ui::PointerInfo>& info); ///< nullopt: left the views
    void contextMenuRequested(const QPoint& globalPosition);

protected:
    void resizeEvent(QResizeEvent* event) override;
    void paintEvent(QPaintEvent* event) override;

private:
    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace icmoe::ui
