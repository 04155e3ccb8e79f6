#include "ui/style/Icons.h"

#include "ui/style/Resources.h"

#include <QFile>
#include <QHash>
#include <QIconEngine>
#include <QPainter>
#include <QSvgRenderer>

namespace icmoe::ui {

namespace {

const QByteArray& svgText(const QString& name)
{
    static QHash<QString, QByteArray> texts;
    auto it = texts.find(name);
    if (it == texts.end()) {
        ensureResources();
        QFile file(QStringLiteral(":/icmoe/icons/%1.svg").arg(name));
        const bool open = file.open(QIODevice::ReadOnly);
        Q_ASSERT_X(open, "icon", qPrintable(name));
        it = texts.insert(name, open ? file.readAll() : QByteArray());
    }
    return *it;
}

class TokenIconEngine final : public QIconEngine {
public:
    TokenIconEngine(QString name, TokenColour normal, TokenColour checked)
        : m_name(std::move(name))
        , m_normal(normal)
        , m_checked(checked)
    {
    }

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State state) override
    {
        const int side = std::min(rect.width(), rect.height());
        // At the left, so that an icon size wider than high leaves room before the text.
        const QRectF square(rect.x(), rect.y() + (rect.height() - side) / 2.0, side, side);
        paintIcon(*painter, m_name, square, colour(mode, state));
    }
    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override
    {
        return scaledPixmap(size, mode, state, 1.0);
    }
    QPixmap scaledPixmap(const QSize& size, QIcon::Mode mode, QIcon::State state, qreal) override
    {
        // `size` is in device pixels already.
        QPixmap pixmap(size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        paint(&painter, QRect(QPoint(0, 0), size), mode, state);
        return pixmap;
    }
    [[nodiscard]] QIconEngine* clone() const override { return new TokenIconEngine(m_name, m_normal, m_checked); }
    QString iconName() override { return m_name; }
    bool isNull() override { return false; }

private:
    [[nodiscard]] QColor colour(QIcon::Mode mode, QIcon::State state) const
    {
        QColor c = tokens().*(state == QIcon::On ? m_checked : m_normal);
        if (mode == QIcon::Disabled) {
            c = tokens().text3;
            c.setAlphaF(0.55F);
        }
        return c;
    }

    QString m_name;
    TokenColour m_normal;
    TokenColour m_checked;
};

} // namespace

QIcon icon(const QString& name, TokenColour normal, TokenColour checked)
{
    return QIcon(new TokenIconEngine(name, normal, checked)); // QIcon owns the engine
}

void paintIcon(QPainter& painter, const QString& name, const QRectF& square, const QColor& colour)
{
    QByteArray text = svgText(name);
    text.replace("currentColor", colour.name(QColor::HexRgb).toLatin1());
    QSvgRenderer renderer(text);
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setOpacity(painter.opacity() * colour.alphaF());
    renderer.render(&painter, square);
    painter.restore();
}

QPixmap iconPixmap(const QString& name, int side, const QColor& colour, double devicePixelRatio)
{
    const int pixels = qRound(side * devicePixelRatio);
    QPixmap pixmap(pixels, pixels);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    paintIcon(painter, name, QRectF(0, 0, pixels, pixels), colour);
    painter.end();
    pixmap.setDevicePixelRatio(devicePixelRatio);
    return pixmap;
}

} // namespace icmoe::ui
