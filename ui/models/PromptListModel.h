#pragma once

#include "core/engine/Prompt.h"

#include <QAbstractListModel>

namespace icmoe::ui {

class AnnotationDocument;

/// The document's prompts: "Box 1", "Inside 2", with their slice.
class PromptListModel final : public QAbstractListModel {
    Q_OBJECT

public:
    enum Role {
        promptRole = Qt::UserRole, ///< PromptId
        iconRole,                  ///< icon name
        whereRole,                 ///< "slice 95"
        selectedRole,
    };

    explicit PromptListModel(AnnotationDocument& document, QObject* parent = nullptr);
    [[nodiscard]] PromptId promptAt(int row) const;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;

private:
    void update();
    [[nodiscard]] QString nameOf(std::size_t row) const;

    AnnotationDocument& m_document;
    int m_rows = 0;
};

} // namespace icmoe::ui
