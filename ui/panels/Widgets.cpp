#include "ui/panels/Widgets.h"

#include "ui/style/Fonts.h"
#include "ui/style/Icons.h"
#include "ui/style/StyleSheet.h"

#include <QMouseEvent>
#include <QPainter>

#include <algorithm>
#include <cmath>

namespace icmoe::ui {

QLabel* makeLabel(const QString& text, const char* kind, QWidget* parent)
{
    auto* label = new QLabel(text, parent);
    label->setProperty("kind", QLatin1String(kind));
    return label;
}

QToolButton* makeIconButton(const QString& iconName, const QString& name, const char* kind, QWidget* parent)
{
    auto* button = new QToolButton(parent);
    button->setProperty("kind", QLatin1String(kind));
    button->setIcon(icon(iconName));
    button->setIconSize(qstrcmp(kind, "rowicon") == 0 ? QSize(16, 16) : QSize(20, 20));
    button->setAccessibleName(name);
    button->setToolTip(name);
    button->setFocusPolicy(Qt::TabFocus);
    return button;
}

QPushButton* makeButton(const QString& text, const char* kind, QWidget* parent)
{
    auto* button = new QPushButton(text, parent);
    button->setProperty("kind", QLatin1String(kind));
    button->setFocusPolicy(Qt::TabFocus);
    button->setIconSize({20, 16}); // 16 and room before the text
    button->setAccessibleName(QString(text).remove(QStringLiteral("…")));
    button->setAutoDefault(false);
    return button;
}

QFrame* makeRule(QWidget* parent, Qt::Orientation orientation)
{
    auto* rule = new QFrame(parent);
    rule->setProperty("rule", true);
    if (orientation == Qt::Horizontal) {
        rule->setFixedHeight(1);
    } else {
        rule->setFixedWidth(1);
    }
    return rule;
}

QWidget* makeSpace(int width, QWidget* parent)
{
    auto* space = new QWidget(parent);
    space->setFixedWidth(width);
    return space;
}

QColor kindColour(const QByteArray& kind)
{
    const Tokens& t = tokens();
    const std::pair<const char*, QColor> colours[] = {{"ok", t.ok},      {"warn", t.warn},    {"err", t.err},
                                                      {"hint", t.text3}, {"value", t.text2},  {"accent", t.accent},
                                                      {"tick", t.text3}, {"onfill", t.onfill}};
    for (const auto& [name, colour] : colours) {
        if (kind == name) {
            return colour;
        }
    }
    return t.text;
}

ElidedLabel::ElidedLabel(QWidget* parent)
    : QWidget(parent)
{
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
}

void ElidedLabel::setText(const QString& text, const QString& shorter)
{
    if (text != m_text || shorter != m_shorter) {
        m_text = text;
        m_shorter = shorter;
        setAccessibleName(text);
        updateGeometry();
        update();
    }
}

void ElidedLabel::setColourRole(const QByteArray& kind)
{
    setProperty("kind", kind);
    setFont(kind == "hint"      ? ui::font(FontRole::hint)
            : kind == "heading" ? ui::font(FontRole::heading)
                                : ui::font(FontRole::body));
    update();
}

QSize ElidedLabel::sizeHint() const
{
    return {fontMetrics().horizontalAdvance(m_text) + 2, fontMetrics().height()};
}

QSize ElidedLabel::minimumSizeHint() const
{
    return {std::min(40, sizeHint().width()), sizeHint().height()};
}

void ElidedLabel::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    const bool fits = fontMetrics().horizontalAdvance(m_text) <= width();
    const QString shown =
        fontMetrics().elidedText(fits || m_shorter.isEmpty() ? m_text : m_shorter, Qt::ElideMiddle, width());
    setToolTip(shown == m_text ? QString() : m_text);
    painter.setPen(kindColour(property("kind").toByteArray()));
    painter.drawText(rect(), Qt::AlignLeft | Qt::AlignVCenter, shown);
}

IconLabel::IconLabel(const QString& iconName, const char* kind, int side, QWidget* parent)
    : QWidget(parent)
    , m_iconName(iconName)
    , m_kind(kind)
    , m_side(side)
{
    setFixedSize(side, side);
}

void IconLabel::setIconName(const QString& iconName)
{
    m_iconName = iconName;
    update();
}

void IconLabel::setKind(const QByteArray& kind)
{
    m_kind = kind;
    update();
}

void IconLabel::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    if (!m_iconName.isEmpty()) {
        paintIcon(painter, m_iconName, rect(), kindColour(m_kind));
    }
}

namespace {
constexpr int kKnob = 14;
}

ThinSlider::ThinSlider(const QString& accessibleName, QWidget* parent)
    : QSlider(Qt::Horizontal, parent)
{
    setAccessibleName(accessibleName);
    setFocusPolicy(Qt::TabFocus);
    setMinimumHeight(24);
}

void ThinSlider::paintEvent(QPaintEvent*)
{
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    const Tokens& t = tokens();
    const double share =
        maximum() == minimum() ? 0 : static_cast<double>(value() - minimum()) / (maximum() - minimum());
    const double middle = height() / 2.0;
    const double at = kKnob / 2.0 + share * (width() - kKnob);
    painter.setBrush(t.groove);
    painter.drawRoundedRect(QRectF(0, middle - 2, width(), 4), 2, 2);
    painter.setBrush(isEnabled() ? t.accent : t.groove);
    painter.drawRoundedRect(QRectF(0, middle - 2, at, 4), 2, 2);
    painter.setBrush(theme() == Theme::dark ? t.prompt : t.text);
    painter.drawEllipse(QPointF(at, middle), kKnob / 2.0, kKnob / 2.0);
}

void ThinSlider::follow(const QMouseEvent& event)
{
    const double share = std::clamp((event.position().x() - kKnob / 2.0) / std::max(1, width() - kKnob), 0.0, 1.0);
    setValue(minimum() + qRound(share * (maximum() - minimum())));
}

void ThinSlider::mousePressEvent(QMouseEvent* event)
{
    if (event->button() == Qt::LeftButton) {
        setSliderDown(true);
        follow(*event);
    }
}

void ThinSlider::mouseMoveEvent(QMouseEvent* event)
{
    if (isSliderDown()) {
        follow(*event);
    }
}

void ThinSlider::mouseReleaseEvent(QMouseEvent*)
{
    setSliderDown(false);
}

RowList::RowList(const QString& accessibleName, QWidget* parent)
    : QListView(parent)
{
    setAccessibleName(accessibleName);
    setMouseTracking(true);
    setUniformItemSizes(false);
    setVerticalScrollMode(QAbstractItemView::ScrollPerPixel);
    setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    setSelectionMode(QAbstractItemView::SingleSelection);
    setEditTriggers(QAbstractItemView::NoEditTriggers);
    setFrameShape(QFrame::NoFrame);
    setSizePolicy(QSizePolicy::Preferred, QSizePolicy::Fixed);
    viewport()->setAutoFillBackground(false);
}

void RowList::setModel(QAbstractItemModel* model)
{
    QListView::setModel(model);
    const auto resized = [this] { updateGeometry(); };
    connect(model, &QAbstractItemModel::modelReset, this, resized);
    connect(model, &QAbstractItemModel::rowsInserted, this, resized);
    connect(model, &QAbstractItemModel::rowsRemoved, this, resized);
}

void RowList::setMaximumRows(int rows)
{
    m_maximumRows = rows;
    updateGeometry();
}

void RowList::setStretching(bool stretching)
{
    m_stretching = stretching;
    setSizePolicy(QSizePolicy::Preferred, stretching ? QSizePolicy::Expanding : QSizePolicy::Fixed);
}

QSize RowList::sizeHint() const
{
    int height = 0;
    const int rows = model() == nullptr ? 0 : std::min(model()->rowCount(), m_maximumRows);
    for (int row = 0; row < rows; ++row) {
        height += sizeHintForRow(row);
    }
    return {200, height};
}

QSize RowList::minimumSizeHint() const
{
    return {100, m_stretching ? 60 : sizeHint().height()};
}

void paintRowBackground(QPainter& painter, const QRect& row, bool selected, bool hovered)
{
    if (!selected && !hovered) {
        return;
    }
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(selected ? tokens().sel : tokens().hover);
    painter.drawRoundedRect(row, kRadius, kRadius);
    painter.restore();
}

void paintText(QPainter& painter, const QRect& rect, const QString& text, const QFont& font, const QColor& colour,
               Qt::Alignment alignment)
{
    painter.setFont(font);
    painter.setPen(colour);
    painter.drawText(rect, static_cast<int>(alignment),
                     QFontMetrics(font).elidedText(text, Qt::ElideMiddle, rect.width()));
}

QColor readableOn(const QColor& colour)
{
    const auto linear = [](double c) { return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4); };
    const double luminance =
        0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF());
    // Equal contrast with black and white lies at (L + 0.05)² = 0.05 · 1.05.
    return luminance > 0.179 ? QColor(0x10, 0x12, 0x14) : QColor(Qt::white);
}

void paintSwatch(QPainter& painter, const QRectF& square, const QColor& colour, int number)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(Qt::NoPen);
    painter.setBrush(colour);
    painter.drawRoundedRect(square, kRadiusSmall, kRadiusSmall);
    QFont numberFont = font(FontRole::tick);
    numberFont.setWeight(QFont::DemiBold);
    painter.setFont(numberFont);
    painter.setPen(readableOn(colour));
    painter.drawText(square, Qt::AlignCenter, QString::number(number));
    painter.restore();
}

} // namespace icmoe::ui
