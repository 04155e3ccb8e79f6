#pragma once

#include <QLabel>
#include <QListView>
#include <QPushButton>
#include <QSlider>
#include <QToolButton>

namespace icmoe::ui {

/// Small pieces that panels are made of. `kind` is what the style sheet asks for.
[[nodiscard]] QLabel* makeLabel(const QString& text, const char* kind, QWidget* parent);
/// A picture-only button; `name` is its accessible name and tool tip.
[[nodiscard]] QToolButton* makeIconButton(const QString& iconName, const QString& name, const char* kind,
                                          QWidget* parent);
[[nodiscard]] QPushButton* makeButton(const QString& text, const char* kind, QWidget* parent);
/// A one-point line across, or down.
[[nodiscard]] QFrame* makeRule(QWidget* parent, Qt::Orientation orientation = Qt::Horizontal);
/// Room between parts of a row, kept free.
[[nodiscard]] QWidget* makeSpace(int width, QWidget* parent);

/// A text that gives way: elided in the middle, whole in the tool tip.
class ElidedLabel final : public QWidget {
    Q_OBJECT

public:
    explicit ElidedLabel(QWidget* parent = nullptr);
    /// `shorter` is shown where `text` does not fit.
    void setText(const QString& text, const QString& shorter = {});
    [[nodiscard]] QString text() const { return m_text; }
    void setColourRole(const QByteArray& kind); ///< "value", "hint" …, as labels
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_text;
    QString m_shorter;
};

/// A painted icon in a token's colour.
class IconLabel final : public QWidget {
    Q_OBJECT

public:
    IconLabel(const QString& iconName, const char* kind, int side, QWidget* parent);
    void setIconName(const QString& iconName);
    void setKind(const QByteArray& kind); ///< "ok", "warn", "err", "hint", "value", "accent"
    [[nodiscard]] QSize sizeHint() const override { return {m_side, m_side}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_iconName;
    QByteArray m_kind;
    int m_side;
};

/// A horizontal slider with a thin track and a round knob.
class ThinSlider final : public QSlider {
    Q_OBJECT

public:
    explicit ThinSlider(const QString& accessibleName, QWidget* parent = nullptr);
    [[nodiscard]] QSize sizeHint() const override { return {96, 24}; }
    [[nodiscard]] QSize minimumSizeHint() const override { return {60, 24}; }

protected:
    void paintEvent(QPaintEvent* event) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void mouseReleaseEvent(QMouseEvent* event) override;

private:
    void follow(const QMouseEvent& event);
};

/// A list as high as its rows, up to `maximumRows`.
class RowList final : public QListView {
    Q_OBJECT

public:
    explicit RowList(const QString& accessibleName, QWidget* parent = nullptr);
    void setModel(QAbstractItemModel* model) override;
    void setMaximumRows(int rows);
    /// Takes the room it gets instead of asking for its rows'.
    void setStretching(bool stretching);
    [[nodiscard]] QSize sizeHint() const override;
    [[nodiscard]] QSize minimumSizeHint() const override;

private:
    int m_maximumRows = 12;
    bool m_stretching = false;
};

/// Colour of a text kind in the current theme.
[[nodiscard]] QColor kindColour(const QByteArray& kind);

// painting of rows
void paintRowBackground(QPainter& painter, const QRect& row, bool selected, bool hovered);
/// Elided in the middle.
void paintText(QPainter& painter, const QRect& rect, const QString& text, const QFont& font, const QColor& colour,
               Qt::Alignment alignment = Qt::AlignLeft | Qt::AlignVCenter);
/// The numbered square of a label.
void paintSwatch(QPainter& painter, const QRectF& square, const QColor& colour, int number);

/// Black or white, whichever reads better on a colour.
[[nodiscard]] QColor readableOn(const QColor& colour);

} // namespace icmoe::ui
