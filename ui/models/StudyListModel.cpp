#include "ui/models/StudyListModel.h"

#include <QCoreApplication>
#include <QLocale>

#include <algorithm>

namespace icmoe::ui {

namespace {

QString text(const std::string& utf8)
{
    return QString::fromUtf8(utf8).trimmed();
}

QString studyKey(const Study& study)
{
    return study.uid.empty() ? text(study.patientId) + text(study.date) + text(study.description) : text(study.uid);
}

bool sameSeries(const Series& a, const Series& b)
{
    if (!a.uid.empty() || !b.uid.empty()) {
        return a.uid == b.uid && a.splitKey == b.splitKey;
    }
    return !a.instances.empty() && !b.instances.empty() && a.instances.front().file == b.instances.front().file &&
           a.splitKey == b.splitKey;
}

} // namespace

StudyListModel::StudyListModel(QObject* parent)
    : QAbstractListModel(parent)
{
}

std::vector<SeriesHandle> StudyListModel::add(const ScanResult& result)
{
    std::vector<SeriesHandle> handles;
    beginResetModel();
    for (const Study& found : result.studies) {
        auto study = std::find_if(m_studies.begin(), m_studies.end(),
                                  [&](const StudyRow& row) { return studyKey(row.study) == studyKey(found); });
        if (study == m_studies.end()) {
            m_studies.push_back({found, {}});
            study = std::prev(m_studies.end());
            study->study.series.clear();
        }
        for (const Series& series : found.series) {
            auto row = std::find_if(study->series.begin(), study->series.end(),
                                    [&](const SeriesRow& there) { return sameSeries(there.series, series); });
            if (row == study->series.end()) {
                study->series.push_back({m_nextHandle++, series, {}, 0, 0, 0, 0});
                row = std::prev(study->series.end());
            } else {
                row->series = series; // files may have been added or moved
            }
            handles.push_back(row->handle);
        }
    }
    endResetModel();
    return handles;
}

void StudyListModel::clear()
{
    beginResetModel();
    m_studies.clear();
    endResetModel();
}

const Study* StudyListModel::study(SeriesHandle handle) const
{
    for (const StudyRow& study : m_studies) {
        for (const SeriesRow& row : study.series) {
            if (row.handle == handle) {
                return &study.study;
            }
        }
    }
    return nullptr;
}

const Series* StudyListModel::series(SeriesHandle handle) const
{
    const SeriesRow* row = rowOf(handle);
    return row != nullptr ? &row->series : nullptr;
}

std::optional<SeriesHandle> StudyListModel::find(const std::string& seriesUid, const std::string& splitKey) const
{
    for (const StudyRow& study : m_studies) {
        for (const SeriesRow& row : study.series) {
            if (row.series.uid == seriesUid && row.series.splitKey == splitKey) {
                return row.handle;
            }
        }
    }
    return std::nullopt;
}

QModelIndex StudyListModel::indexOf(SeriesHandle handle) const
{
    int row = 0;
    for (const StudyRow& study : m_studies) {
        ++row;
        for (const SeriesRow& series : study.series) {
            if (series.handle == handle) {
                return index(row);
            }
            ++row;
        }
    }
    return {};
}

SeriesHandle StudyListModel::handleAt(const QModelIndex& index) const
{
    return index.isValid() ? index.data(handleRole).toULongLong() : 0;
}

const StudyListModel::SeriesRow* StudyListModel::rowOf(SeriesHandle handle) const
{
    for (const StudyRow& study : m_studies) {
        for (const SeriesRow& row : study.series) {
            if (row.handle == handle) {
                return &row;
            }
        }
    }
    return nullptr;
}

StudyListModel::SeriesRow* StudyListModel::rowOf(SeriesHandle handle)
{
    return const_cast<SeriesRow*>(std::as_const(*this).rowOf(handle));
}

void StudyListModel::rowChanged(SeriesHandle handle)
{
    const QModelIndex changed = indexOf(handle);
    Q_EMIT dataChanged(changed, changed);
}

void StudyListModel::setThumbnail(SeriesHandle handle, const QImage& image)
{
    if (SeriesRow* row = rowOf(handle)) {
        row->thumbnail = image;
        rowChanged(handle);
    }
}

void StudyListModel::setProgress(SeriesHandle handle, qulonglong done, qulonglong total)
{
    if (SeriesRow* row = rowOf(handle)) {
        row->done = done;
        row->total = total;
        rowChanged(handle);
    }
}

void StudyListModel::setLabelsDone(SeriesHandle handle, int done, int labels)
{
    if (SeriesRow* row = rowOf(handle)) {
        row->labelsDone = done;
        row->labels = labels;
        rowChanged(handle);
        Q_EMIT dataChanged(index(0), index(rowCount() - 1), {doneTextRole});
    }
}

void StudyListModel::setNamesHidden(bool hidden)
{
    m_namesHidden = hidden;
    if (rowCount() > 0) {
        Q_EMIT dataChanged(index(0), index(rowCount() - 1));
    }
}

int StudyListModel::rowCount(const QModelIndex& parent) const
{
    if (parent.isValid()) {
        return 0;
    }
    std::size_t rows = m_studies.size();
    for (const StudyRow& study : m_studies) {
        rows += study.series.size();
    }
    return static_cast<int>(rows);
}

std::optional<StudyListModel::Place> StudyListModel::place(int row) const
{
    std::size_t left = static_cast<std::size_t>(row);
    for (std::size_t s = 0; s < m_studies.size(); ++s) {
        if (left == 0) {
            return Place{s, std::nullopt};
        }
        --left;
        if (left < m_studies[s].series.size()) {
            return Place{s, left};
        }
        left -= m_studies[s].series.size();
    }
    return std::nullopt;
}

QVariant StudyListModel::data(const QModelIndex& index, int role) const
{
    const auto at = index.isValid() ? place(index.row()) : std::nullopt;
    if (!at) {
        return {};
    }
    const StudyRow& study = m_studies[at->study];
    return at->series ? seriesData(study.series[*at->series], role) : studyData(study, role);
}

QVariant StudyListModel::studyData(const StudyRow& row, int role) const
{
    switch (role) {
    case isStudyRole:
        return true;
    case Qt::DisplayRole:
    case Qt::AccessibleTextRole:
        return studyTitle(row.study, row.series.empty() ? nullptr : &row.series.front().series, m_namesHidden);
    case doneTextRole: {
        int done = 0;
        int labels = 0;
        for (const SeriesRow& series : row.series) {
            done += series.labelsDone;
            labels += series.labels;
        }
        return done == 0    ? tr("not begun")
               : labels > 0 ? tr("%1 of %2 labels").arg(done).arg(labels)
                            : tr("%1 labels").arg(done);
    }
    default:
        return {};
    }
}

QVariant StudyListModel::seriesData(const SeriesRow& row, int role) const
{
    switch (role) {
    case isStudyRole:
        return false;
    case handleRole:
        return QVariant::fromValue<qulonglong>(row.handle);
    case Qt::DisplayRole:
        return text(row.series.displayName());
    case Qt::AccessibleTextRole:
        return QStringLiteral("%1, %2, %3")
            .arg(text(row.series.displayName()), sizeText(row.series), text(row.series.health.badge()));
    case Qt::ToolTipRole:
        return text(row.series.displayName());
    case sizeTextRole:
        return sizeText(row.series);
    case badgeRole:
        return text(row.series.health.badge());
    case healthLevelRole:
        return static_cast<int>(row.series.health.level());
    case thumbnailRole:
        return row.thumbnail;
    case progressRole:
        return row.total == 0 ? -1.0 : static_cast<double>(row.done) / static_cast<double>(row.total);
    case progressTextRole:
        return tr("%1 of %2 slices").arg(QLocale().toString(row.done), QLocale().toString(row.total));
    default:
        return {};
    }
}

Qt::ItemFlags StudyListModel::flags(const QModelIndex& index) const
{
    if (!index.isValid() || index.data(isStudyRole).toBool()) {
        return Qt::ItemIsEnabled;
    }
    return Qt::ItemIsEnabled | Qt::ItemIsSelectable | Qt::ItemIsDragEnabled;
}

QString patientTitle(const Study& study, bool namesHidden)
{
    const QString id = text(study.patientId);
    if (namesHidden) {
        // The end of an id tells patients apart at one desk, the whole of it would tell who they are.
        return id.isEmpty() ? QCoreApplication::translate("Study", "Patient")
                            : QCoreApplication::translate("Study", "Patient %1").arg(id.right(4));
    }
    const QString name = text(study.patientName);
    return !name.isEmpty() ? name : id.isEmpty() ? QCoreApplication::translate("Study", "No patient name") : id;
}

QString subjectTitle(const Series& series)
{
    const QString modality = text(series.modality);
    const QString part = text(series.bodyPart).toLower();
    return part.isEmpty() ? modality : modality.isEmpty() ? part : modality + QLatin1Char(' ') + part;
}

QString studyTitle(const Study& study, const Series* first, bool namesHidden)
{
    const QString id = text(study.patientId);
    QString who = namesHidden ? (id.isEmpty() ? QCoreApplication::translate("Study", "Study") : id.right(4))
                              : patientTitle(study, false);
    const QString what = first != nullptr ? subjectTitle(*first) : QString();
    return what.isEmpty() ? who : who + QStringLiteral(" · ") + what;
}

QString slicesText(std::size_t count)
{
    return count == 1 ? QCoreApplication::translate("Study", "1 slice")
                      : QCoreApplication::translate("Study", "%1 slices")
                            .arg(QLocale().toString(static_cast<qulonglong>(count)));
}

QString sizeText(const Series& series)
{
    if (series.geometry) {
        const Size3 size = series.geometry->size();
        return size.depth == 1 ? QStringLiteral("%1 × %2").arg(size.width).arg(size.height)
                               : QStringLiteral("%1 × %2 × %3").arg(size.width).arg(size.height).arg(size.depth);
    }
    return slicesText(series.instances.size());
}

} // namespace icmoe::ui
