#include "StoreModel.h"

namespace icmoe::test {
namespace {

void put(Segmentation& now, const SegmentationPatch& patch, const std::optional<LabelSet>& labels)
{
    now.exchange(patch);
    if (labels) {
        now.labels() = *labels;
    }
}

double between(std::mt19937& random, int from, int to)
{
    return from + static_cast<double>(random() % static_cast<unsigned>(to - from));
}

SliceMask someMask(std::mt19937& random)
{
    return random() % 6 == 0 ? nothing() : disc(between(random, 4, 44), between(random, 4, 36), between(random, 2, 9));
}

} // namespace

StoreModel StoreModel::of(const AnnotationStore& store, SeriesKey series)
{
    StoreModel model;
    for (const StoredStep& stored : valueOf(store.history(series))) {
        model.m_steps.push_back(stored.step);
        if (!stored.undone) {
            ++model.m_done;
            put(model.m_now, stored.step.after, stored.step.labelsAfter);
        }
    }
    return model;
}

StoreOperation StoreModel::next(std::mt19937& random, const std::string& name) const
{
    StoreOperation operation;
    const auto choice = random() % 12;
    if (choice < 2 && m_done > 0) {
        operation.kind = StoreOperation::Kind::undo;
        return operation;
    }
    if (choice == 2 && m_done < m_steps.size()) {
        operation.kind = StoreOperation::Kind::redo;
        return operation;
    }
    Segmentation scratch = m_now;
    const auto label = static_cast<LabelId>(1 + random() % 3);
    const auto k = static_cast<int>(random() % static_cast<unsigned>(kSize.depth));
    if (choice == 3) {
        LabelSet labels = m_now.labels();
        static_cast<void>(labels.add(name));
        operation.step = labelStep(scratch, labels, name);
    } else if (choice < 8) {
        const SliceMask proposal = someMask(random);
        if (choice == 4) {
            operation.step = votedStep(scratch, label, k, proposal, name);
            return operation;
        }
        operation.step = acceptStep(scratch, label, k, proposal, someMask(random), name);
    } else {
        operation.step = paintStep(scratch, label, k, someMask(random), name);
    }
    return operation;
}

void StoreModel::apply(const StoreOperation& operation)
{
    switch (operation.kind) {
    case StoreOperation::Kind::append:
        m_steps.resize(m_done);
        m_steps.push_back(operation.step);
        ++m_done;
        put(m_now, operation.step.after, operation.step.labelsAfter);
        break;
    case StoreOperation::Kind::undo:
        --m_done;
        put(m_now, m_steps.at(m_done).before, m_steps.at(m_done).labelsBefore);
        break;
    case StoreOperation::Kind::redo:
        put(m_now, m_steps.at(m_done).after, m_steps.at(m_done).labelsAfter);
        ++m_done;
        break;
    }
}

std::string StoreModel::difference(const AnnotationStore& store, SeriesKey series) const
{
    const auto history = store.history(series);
    if (!history) {
        return history.error().oneLine();
    }
    if (history->size() != m_steps.size()) {
        return std::to_string(history->size()) + " steps instead of " + std::to_string(m_steps.size());
    }
    for (std::size_t i = 0; i < m_steps.size(); ++i) {
        const StoredStep& stored = (*history)[i];
        if (stored.step.name != m_steps[i].name || stored.step.after != m_steps[i].after ||
            stored.step.before != m_steps[i].before || stored.step.accepted != m_steps[i].accepted ||
            stored.step.vote != m_steps[i].vote) {
            return "step " + m_steps[i].name + " is " + stored.step.name;
        }
        if (stored.undone != (i >= m_done)) {
            return "step " + m_steps[i].name + " is undone or not";
        }
    }
    const auto now = store.load(series);
    if (!now) {
        return now.error().oneLine();
    }
    return *now == m_now ? "" : "the masks or labels differ";
}

Status perform(AnnotationStore& store, SeriesKey series, const StoreOperation& operation)
{
    if (operation.kind == StoreOperation::Kind::append) {
        const auto done = store.append(series, operation.step);
        return done ? Status{} : Status{fail(done.error())};
    }
    const auto done = operation.kind == StoreOperation::Kind::undo ? store.undo(series) : store.redo(series);
    if (!done) {
        return fail(done.error());
    }
    return *done ? Status{} : Status{fail(ErrorCode::internal, "there was nothing to undo or redo")};
}

} // namespace icmoe::test
