#pragma once

#include "core/engine/Segmenter.h"

#include <QObject>
#include <QThreadPool>
#include <QTimer>

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace icmoe::ui {

/// What the document knows of the engine. A question has one answer, and before it there may be a preview: both are
/// `answered`, asking ends with the full one. Pictures for it are cut on a thread of their own, so that neither the
/// 8-bit range of a large volume nor hashing holds up the window. Answers that are overtaken, or that arrive after
/// their object is gone, are dropped here. UI thread.
class EngineLink final : public QObject {
    Q_OBJECT

public:
    explicit EngineLink(QObject* parent = nullptr);
    ~EngineLink() override;

    void setService(SegmentationService* service); ///< not owned; null: not there yet
    [[nodiscard]] bool hasService() const { return m_service != nullptr; }
    void setVolume(std::shared_ptr<const Volume> volume); ///< null: closed; forgets everything
    void slicesLoaded();                                  ///< prompts on slices that came since are asked now

    /// Asks about prompts (of one slice); overtakes what was asked before.
    void ask(std::vector<Prompt> prompts);
    /// What is on its way no longer matters.
    void forget();
    [[nodiscard]] bool isAsking() const { return m_lastAsked != m_lastAnswered; }
    /// Asks what prompts at the pointer would give, without any effect on ask(). Overtakes the last hint. The first
    /// answer is enough, be it a preview: the full one is taken back.
    void askHint(std::vector<Prompt> prompts);
    void forgetHint();

    /// The annotator looks at a stored slice; direction +1 or −1 is where they scroll. Waits for a rest of 80 ms.
    void setVisible(Plane plane, int slice, int direction);
    /// Has the engine already encoded this slice? False where it is not known.
    [[nodiscard]] bool isEncoded(Plane plane, int slice) const;
    [[nodiscard]] const EngineState& state() const { return m_state; }

Q_SIGNALS:
    void answered(const std::shared_ptr<const icmoe::Proposal>& proposal);
    void hinted(const std::shared_ptr<const icmoe::Proposal>& proposal);
    void failed(const icmoe::Error& error);
    void askingChanged();
    void stateChanged();

private:
    struct RangeCache;
    using Image = std::shared_ptr<const SliceImage>;
    using Place = std::pair<Plane, int>;

    void whenCut(Place place, int priority, std::function<void(Image)> then);
    void request(const Image& image);
    void requestHint(const Image& image, std::vector<Prompt> prompts);
    void showHint(quint64 hint, Result<Proposal> answer);
    void remember(Place place, Image image);
    void showVisible();
    void finish(quint64 sequence, Result<Proposal> answer);

    SegmentationService* m_service = nullptr;
    std::shared_ptr<const Volume> m_volume;
    std::shared_ptr<RangeCache> m_range;
    std::map<Place, Image> m_images;
    std::vector<Place> m_imageOrder; ///< oldest first
    std::vector<Prompt> m_waiting;   ///< asked, but the picture is not cut yet
    quint64 m_series = 0;            ///< counts openings: what was started for another volume is dropped
    quint64 m_object = 0;            ///< what the service supersedes by
    quint64 m_lastAsked = 0;
    quint64 m_lastAnswered = 0;
    quint64 m_lastShown = 0;  ///< a preview of it counts
    quint64 m_lastFull = 0;   ///< shown in full
    quint64 m_firstValid = 0; ///< answers to earlier questions are forgotten
    quint64 m_hint = 0;
    JobId m_hintJob = 0; ///< 0: nothing is on its way
    JobId m_job = 0;
    std::optional<Place> m_visible;
    int m_direction = 1;
    QTimer m_rest;
    EngineState m_state;
    QThreadPool m_cutter; ///< last: ends before what its jobs post to
};

} // namespace icmoe::ui
