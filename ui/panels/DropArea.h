#pragma once

#include <QWidget>

namespace icmoe::ui {

/// A dashed frame that says where files may be dropped. The window takes the drop itself, wherever it falls.
class DropArea final : public QWidget {
    Q_OBJECT

public:
    explicit DropArea(const QString& text, QWidget* parent = nullptr);
    [[nodiscard]] QSize sizeHint() const override { return {200, 58}; }

protected:
    void paintEvent(QPaintEvent* event) override;

private:
    QString m_text;
};

} // namespace icmoe::ui
