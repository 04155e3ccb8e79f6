#include "ui/views/SliceScene.h"

#include "ui/style/Tokens.h"
#include "ui/tools/ToolController.h"

#include <QPainter>

#include <vtkRenderer.h>

#include <algorithm>
#include <cmath>

namespace icmoe::ui {
namespace {

constexpr double kAcceptedShare = 2.0 / 3; // of the fill slider's value
constexpr std::uint8_t kSomeAgainst = 51;  // a fifth of the votes
constexpr std::uint8_t kStrongAgainst = 102;

/// Adds a colour over premultiplied pixels.
void blend(std::vector<std::uint32_t>& pixels, const SliceMask& mask, Colour colour, double opacity)
{
    const auto alpha = static_cast<std::uint32_t>(std::lround(std::clamp(opacity, 0.0, 1.0) * 255));
    if (alpha == 0) {
        return;
    }
    const auto part = [&](std::uint32_t value) { return value * alpha / 255; };
    const std::uint32_t add[4] = {part(colour.red), part(colour.green), part(colour.blue), alpha};
    const std::uint32_t rest = 255 - alpha;
    const std::uint32_t alone = add[0] | (add[1] << 8U) | (add[2] << 16U) | (add[3] << 24U);
    for (const Run run : mask.runs()) {
        for (std::uint32_t at = run.begin; at < run.end; ++at) {
            const std::uint32_t old = pixels[at];
            if (old == 0) { // labels rarely overlap
                pixels[at] = alone;
                continue;
            }
            std::uint32_t mixed = 0;
            for (unsigned channel = 0; channel < 4; ++channel) {
                const std::uint32_t value = ((old >> (8 * channel)) & 0xFFU) * rest / 255 + add[channel];
                mixed |= std::min(value, 255U) << (8 * channel);
            }
            pixels[at] = mixed;
        }
    }
}

} // namespace

SliceScene::SliceScene(AnnotationDocument& document, const ToolController& tools, Plane plane, vtkRenderer* renderer)
    : m_document(document)
    , m_plane(plane)
    , m_picture(renderer, PictureLayer::Filter::linear)
    , m_fills(renderer, PictureLayer::Filter::nearest)
    , m_drawing(renderer)
    , m_overlay(document, tools, plane)
{
    const QColor background = tokens().view;
    renderer->SetBackground(background.redF(), background.greenF(), background.blueF());
}

void SliceScene::placePicture(const ViewTransform& transform, double deviceRatio)
{
    const SliceGrid& grid = m_document.grid(m_plane);
    const QPointF low = transform.toView({-0.5, -0.5}) * deviceRatio;
    const QPointF high = transform.toView({grid.width() - 0.5, grid.height() - 0.5}) * deviceRatio;
    const double height = transform.size.height() * deviceRatio;
    m_picture.place(low.x(), height - low.y(), high.x(), height - high.y());
    m_fills.place(low.x(), height - low.y(), high.x(), height - high.y());
}

void SliceScene::updatePicture(int n)
{
    m_pictureDirty = false;
    const SliceGrid& grid = m_document.grid(m_plane);
    const double loaded = m_cutter.render(*m_document.volume(), grid, n, m_document.window(), m_pixels);
    m_pictureThere = loaded > 0;
    m_picture.setPixels(m_pixels, grid.width(), grid.height());
    m_picture.setVisible(m_pictureThere);
}

void SliceScene::updateObjects(int n)
{
    m_objects.clear();
    if (m_document.masksHidden()) {
        return;
    }
    const SliceGrid& grid = m_document.grid(m_plane);
    const Segmentation& segmentation = m_document.segmentation();
    const auto add = [this](SliceMask mask, Colour colour, ShownObject::Look look, bool twice) {
        if (!mask.empty()) {
            ShownObject object{std::move(mask), colour, look, twice, {}, {}};
            traceOutline(object);
            m_objects.push_back(std::move(object));
        }
    };
    for (const Label& label : segmentation.labels().labels()) {
        if (label.visible && !segmentation.mask(label.id).empty()) {
            add(cutShown(segmentation.mask(label.id), grid, n), label.colour, ShownObject::Look::accepted,
                label.id > paletteSize());
        }
    }
    const Label* active = segmentation.labels().find(m_document.activeLabel());
    const Colour colour = active != nullptr ? active->colour : Colour{255, 255, 255};
    const auto addProposal = [&](const Proposal& proposal, int candidate, ShownObject::Look look) {
        if (proposal.plane == m_plane && grid.storedSlice(n) == proposal.slice) {
            add(toShown(proposal.candidates[static_cast<std::size_t>(candidate)].mask, grid, n), colour, look, false);
        }
    };
    if (const Proposal* proposal = m_document.proposal()) {
        addProposal(*proposal, m_document.candidateIndex(), ShownObject::Look::preview);
    } else if (const Proposal* hint = m_document.hint(); hint != nullptr && !hint->candidates.empty()) {
        addProposal(*hint, 0, ShownObject::Look::ghost);
    }
}

void SliceScene::updateFills()
{
    const SliceGrid& grid = m_document.grid(m_plane);
    const bool any = std::any_of(m_objects.begin(), m_objects.end(),
                                 [](const ShownObject& object) { return object.look != ShownObject::Look::ghost; });
    m_fills.setVisible(any);
    if (!any) {
        return;
    }
    m_fillPixels.assign(static_cast<std::size_t>(grid.width()) * static_cast<std::size_t>(grid.height()), 0);
    for (const ShownObject& object : m_objects) {
        if (object.look != ShownObject::Look::ghost) {
            const bool preview = object.look == ShownObject::Look::preview;
            blend(m_fillPixels, object.mask, object.colour, m_document.fillOpacity() * (preview ? 1 : kAcceptedShare));
        }
    }
    m_fills.setPixels(m_fillPixels, grid.width(), grid.height());
}

void SliceScene::updateDisagreement(int n)
{
    m_disagreement = {};
    if (!m_document.disagreementShown() || m_document.masksHidden()) {
        return;
    }
    const SliceGrid& grid = m_document.grid(m_plane);
    const int width = grid.stored().width();
    const int height = grid.stored().height();
    std::vector<std::uint8_t> against(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), 0);
    bool any = false;
    for (const Vote* vote : m_document.votes(m_plane, grid.storedSlice(n))) {
        for (std::size_t i = 0; i < std::min(against.size(), vote->disagreement.size()); ++i) {
            against[i] = std::max(against[i], vote->disagreement[i]);
            any = any || against[i] >= kSomeAgainst;
        }
    }
    if (any) {
        const auto from = [&](std::uint8_t least) {
            std::vector<std::uint8_t> pixels(against.size());
            std::transform(against.begin(), against.end(), pixels.begin(),
                           [least](std::uint8_t value) { return static_cast<std::uint8_t>(value >= least ? 1 : 0); });
            return toShown(SliceMask::fromBitmap(pixels, width, height), grid, n);
        };
        m_disagreement = {from(kSomeAgainst), from(kStrongAgainst)};
    }
}

void SliceScene::update(const SliceOverlay::Frame& frame, int width, int height)
{
    SliceOverlay::Frame shown = frame;
    const bool open = m_document.isOpen();
    if (open) {
        if (m_shown != frame.shownSlice) {
            m_shown = frame.shownSlice;
            m_pictureDirty = true;
            m_masksDirty = true;
        }
        if (m_pictureDirty) {
            updatePicture(frame.shownSlice);
        }
        if (m_masksDirty) {
            m_masksDirty = false;
            updateObjects(frame.shownSlice);
            updateFills();
            updateDisagreement(frame.shownSlice);
        }
        placePicture(frame.transform, frame.deviceRatio);
        shown.pictureThere = m_pictureThere;
    } else {
        m_shown = -1;
        m_objects.clear();
        m_disagreement = {};
        m_picture.setVisible(false);
        m_fills.setVisible(false);
    }
    QPainter painter(&m_drawing.begin(width, height));
    painter.scale(frame.deviceRatio, frame.deviceRatio);
    if (open) {
        m_overlay.draw(painter, shown, m_objects, m_disagreement);
    } else {
        m_overlay.drawEmpty(painter, shown);
    }
    painter.end();
    m_drawing.finish();
}

} // namespace icmoe::ui
