#include "ui/models/LabelTableModel.h"

#include "ui/document/AnnotationDocument.h"

#include <QColor>
#include <QLocale>

namespace icmoe::ui {

LabelTableModel::LabelTableModel(AnnotationDocument& document, QObject* parent)
    : QAbstractListModel(parent)
    , m_document(document)
{
    connect(&document, &AnnotationDocument::changed, this, [this](DocumentChange change) {
        switch (change) {
        case DocumentChange::series:
        case DocumentChange::labels:
            labelsChanged();
            break;
        case DocumentChange::masks:
            measure();
            rowsTouched();
            break;
        case DocumentChange::proposal:
            rowsTouched();
            break;
        default:
            break;
        }
    });
    labelsChanged();
}

void LabelTableModel::labelsChanged()
{
    const int rows = m_document.isOpen() ? static_cast<int>(m_document.segmentation().labels().labels().size()) : 0;
    measure();
    if (rows == m_rows) {
        rowsTouched(); // keeps selection and an open editor
        return;
    }
    beginResetModel();
    m_rows = rows;
    endResetModel();
}

void LabelTableModel::rowsTouched()
{
    if (m_rows > 0) {
        Q_EMIT dataChanged(index(0), index(m_rows - 1));
    }
}

void LabelTableModel::measure()
{
    m_volumes.clear();
    if (!m_document.isOpen()) {
        return;
    }
    const Geometry& geometry = m_document.volume()->geometry();
    const bool measured = geometry.spacingSource() != SpacingSource::none;
    for (const Label& label : m_document.segmentation().labels().labels()) {
        const Mask& mask = m_document.segmentation().mask(label.id);
        if (mask.empty()) {
            m_volumes[label.id] = tr("empty");
        } else if (measured) {
            m_volumes[label.id] = volumeText(m_document.labelMillilitres(label.id));
        } else {
            m_volumes[label.id] = tr("%1 px").arg(QLocale().toString(static_cast<qulonglong>(mask.voxelCount())));
        }
    }
}

int LabelTableModel::labelAt(int row) const
{
    return row >= 0 && row < m_rows ? m_document.segmentation().labels().labels()[static_cast<std::size_t>(row)].id : 0;
}

QModelIndex LabelTableModel::indexOfLabel(int label) const
{
    for (int row = 0; row < m_rows; ++row) {
        if (labelAt(row) == label) {
            return index(row);
        }
    }
    return {};
}

int LabelTableModel::labelsDone() const
{
    int done = 0;
    for (int row = 0; row < m_rows; ++row) {
        done += m_document.segmentation().mask(labelAt(row)).empty() ? 0 : 1;
    }
    return done;
}

int LabelTableModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : m_rows;
}

QVariant LabelTableModel::data(const QModelIndex& index, int role) const
{
    const Label* label = index.isValid() ? m_document.segmentation().labels().find(labelAt(index.row())) : nullptr;
    if (label == nullptr) {
        return {};
    }
    switch (role) {
    case Qt::DisplayRole:
    case Qt::EditRole:
    case Qt::ToolTipRole:
        return QString::fromUtf8(label->name);
    case Qt::AccessibleTextRole:
        return QStringLiteral("%1 %2, %3%4%5")
            .arg(label->id)
            .arg(QString::fromUtf8(label->name), m_volumes.at(label->id), label->locked ? tr(", locked") : QString(),
                 label->visible ? QString() : tr(", hidden"));
    case labelRole:
        return label->id;
    case colourRole:
        return QColor(label->colour.red, label->colour.green, label->colour.blue);
    case visibleRole:
        return label->visible;
    case lockedRole:
        return label->locked;
    case activeRole:
        return label->id == m_document.activeLabel();
    case previewRole:
        return label->id == m_document.activeLabel() && m_document.proposal() != nullptr;
    case volumeRole: {
        const auto it = m_volumes.find(label->id);
        return it != m_volumes.end() ? it->second : QString();
    }
    default:
        return {};
    }
}

bool LabelTableModel::setData(const QModelIndex& index, const QVariant& value, int role)
{
    const QString name = value.toString().trimmed();
    if (role != Qt::EditRole || !index.isValid() || name.isEmpty() || name == index.data(Qt::EditRole).toString()) {
        return false;
    }
    m_document.renameLabel(labelAt(index.row()), name);
    return true;
}

Qt::ItemFlags LabelTableModel::flags(const QModelIndex& index) const
{
    return index.isValid() ? Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsEditable : Qt::NoItemFlags;
}

QString volumeText(double millilitres)
{
    return LabelTableModel::tr("%1 ml").arg(QLocale().toString(millilitres, 'f', millilitres < 0.1 ? 2 : 1));
}

} // namespace icmoe::ui
