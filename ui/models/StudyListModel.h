#pragma once

#include "core/study/Study.h"
#include "ui/io/StudyReader.h"

#include <QAbstractListModel>
#include <QImage>

#include <memory>
#include <optional>
#include <vector>

namespace icmoe::ui {

/// Studies and their series as one list: a heading row for each study, then a row for each series. Heading rows cannot
/// be selected. Names obey namesHidden.
class StudyListModel final : public QAbstractListModel {
    Q_OBJECT

public:
    enum Role {
        isStudyRole = Qt::UserRole, ///< bool
        handleRole,                 ///< SeriesHandle; 0 for studies
        sizeTextRole,               ///< "181 × 217 × 181", "36 slices"
        badgeRole,                  ///< "Sound", "2 slices missing"
        healthLevelRole,            ///< HealthLevel as int
        thumbnailRole,              ///< QImage, null until made
        progressRole,               ///< 0..1 while loading, else -1
        progressTextRole,           ///< "612 of 1,000 slices"
        doneTextRole,               ///< study: "4 of 7 labels", "not begun"
    };

    explicit StudyListModel(QObject* parent = nullptr);

    /// Adds what a scan found; a series that is there already keeps its row. Returns the handles of the scan's series
    /// in order.
    std::vector<SeriesHandle> add(const ScanResult& result);
    void clear();

    [[nodiscard]] const Study* study(SeriesHandle handle) const;
    [[nodiscard]] const Series* series(SeriesHandle handle) const;
    [[nodiscard]] QModelIndex indexOf(SeriesHandle handle) const;
    [[nodiscard]] SeriesHandle handleAt(const QModelIndex& index) const;
    /// The series that SeriesInstanceUID and split key name; nullopt where it is not in the list.
    [[nodiscard]] std::optional<SeriesHandle> find(const std::string& seriesUid, const std::string& splitKey) const;

    void setThumbnail(SeriesHandle handle, const QImage& image);
    void setProgress(SeriesHandle handle, qulonglong done, qulonglong total); ///< total 0: no longer loading
    void setLabelsDone(SeriesHandle handle, int done, int labels);
    void setNamesHidden(bool hidden);
    [[nodiscard]] bool namesHidden() const { return m_namesHidden; }

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] Qt::ItemFlags flags(const QModelIndex& index) const override;

private:
    struct SeriesRow {
        SeriesHandle handle = 0;
        Series series;
        QImage thumbnail;
        qulonglong done = 0;
        qulonglong total = 0;
        int labelsDone = 0;
        int labels = 0;
    };
    struct StudyRow {
        Study study; ///< its series are moved into rows
        std::vector<SeriesRow> series;
    };
    struct Place {
        std::size_t study = 0;
        std::optional<std::size_t> series;
    };
    [[nodiscard]] std::optional<Place> place(int row) const;
    [[nodiscard]] SeriesRow* rowOf(SeriesHandle handle);
    [[nodiscard]] const SeriesRow* rowOf(SeriesHandle handle) const;
    [[nodiscard]] QVariant studyData(const StudyRow& row, int role) const;
    [[nodiscard]] QVariant seriesData(const SeriesRow& row, int role) const;
    void rowChanged(SeriesHandle handle);

    std::vector<StudyRow> m_studies;
    SeriesHandle m_nextHandle = 1;
    bool m_namesHidden = true;
};

/// "0427 · MR head": a study in one line. Hidden names: the end of the patient's id, never a name or date.
[[nodiscard]] QString studyTitle(const Study& study, const Series* first, bool namesHidden);
/// "Patient 0427" where names are hidden, else "COLIN^27".
[[nodiscard]] QString patientTitle(const Study& study, bool namesHidden);
/// "MR head": modality and body part.
[[nodiscard]] QString subjectTitle(const Series& series);
[[nodiscard]] QString sizeText(const Series& series);
/// "1 slice", "181 slices".
[[nodiscard]] QString slicesText(std::size_t count);

} // namespace icmoe::ui
