#pragma once

#include <QAbstractListModel>

#include <map>

namespace icmoe::ui {

class AnnotationDocument;

/// The document's labels in their order.
class LabelTableModel final : public QAbstractListModel {
    Q_OBJECT

public:
    enum Role {
        labelRole = Qt::UserRole, ///< LabelId as int
        colourRole,               ///< QColor
        visibleRole,
        lockedRole,
        activeRole,
        previewRole, ///< the open proposal would go to this label
        volumeRole,  ///< "25.7 ml", "empty", or pixels where nothing tells millimetres
    };

    explicit LabelTableModel(AnnotationDocument& document, QObject* parent = nullptr);

    [[nodiscard]] int labelAt(int row) const;
    [[nodiscard]] QModelIndex indexOfLabel(int label) const;
    /// Labels that have a voxel.
    [[nodiscard]] int labelsDone() const;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override; ///< EditRole: renames
    [[nodiscard]] Qt::ItemFlags flags(const QModelIndex& index) const override;

private:
    void measure(); ///< volumes of all labels
    void labelsChanged();
    void rowsTouched();

    AnnotationDocument& m_document;
    std::map<int, QString> m_volumes;
    int m_rows = 0;
};

/// "25.7 ml", or voxels where the picture has no millimetres.
[[nodiscard]] QString volumeText(double millilitres);

} // namespace icmoe::ui
