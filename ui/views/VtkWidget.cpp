#include "ui/views/VtkWidget.h"

#include <QOpenGLContext>
#include <QOpenGLExtraFunctions>
#include <QSurfaceFormat>

#include <vtkCallbackCommand.h>
#include <vtkCommand.h>
#include <vtkGenericOpenGLRenderWindow.h>
#include <vtkNew.h>
#include <vtkOpenGLFramebufferObject.h>
#include <vtkOpenGLState.h>
#include <vtkRenderer.h>

#include <cmath>

namespace icmoe::ui {

struct VtkWidget::Private {
    vtkNew<vtkGenericOpenGLRenderWindow> window;
    vtkNew<vtkRenderer> renderer;
    vtkNew<vtkCallbackCommand> makeCurrent;
    vtkNew<vtkCallbackCommand> isCurrent;
    QSurface* surface = nullptr;
    quint64 frames = 0;
};

void VtkWidget::prepareApplication()
{
    if (!qEnvironmentVariableIsSet("QT_QPA_PLATFORM")) {
        qputenv("QT_QPA_PLATFORM", "xcb"); // VTK's GLEW is built for GLX; XWayland serves Wayland desktops
    }
    if (!qEnvironmentVariableIsSet("QT_XCB_GL_INTEGRATION")) {
        qputenv("QT_XCB_GL_INTEGRATION", "xcb_glx");
    }
    QSurfaceFormat format;
    format.setRenderableType(QSurfaceFormat::OpenGL);
    format.setVersion(3, 2);
    format.setProfile(QSurfaceFormat::CoreProfile);
    format.setSwapBehavior(QSurfaceFormat::DoubleBuffer);
    format.setRedBufferSize(8);
    format.setGreenBufferSize(8);
    format.setBlueBufferSize(8);
    format.setAlphaBufferSize(8);
    format.setDepthBufferSize(24);
    format.setStencilBufferSize(0);
    format.setSamples(0);
    QSurfaceFormat::setDefaultFormat(format);
}

VtkWidget::VtkWidget(QWidget* parent)
    : QOpenGLWidget(parent)
    , d(std::make_unique<Private>())
{
    d->window->SetMultiSamples(0);
    d->window->SetReadyForRendering(false);
    d->window->SetFrameBlitModeToNoBlit();
    d->window->AddRenderer(d->renderer);
    d->makeCurrent->SetClientData(this);
    d->makeCurrent->SetCallback([](vtkObject*, unsigned long, void* self, void*) {
        // Not QOpenGLWidget::makeCurrent(): it would bind Qt's framebuffer in the middle of VTK's frame.
        auto* widget = static_cast<VtkWidget*>(self);
        if (widget->d->surface != nullptr && QOpenGLContext::currentContext() != widget->context()) {
            widget->context()->makeCurrent(widget->d->surface);
        }
    });
    d->isCurrent->SetClientData(this);
    d->isCurrent->SetCallback([](vtkObject*, unsigned long, void* self, void* answer) {
        auto* widget = static_cast<VtkWidget*>(self);
        *static_cast<bool*>(answer) =
            widget->context() != nullptr && QOpenGLContext::currentContext() == widget->context();
    });
    d->window->AddObserver(vtkCommand::WindowMakeCurrentEvent, d->makeCurrent);
    d->window->AddObserver(vtkCommand::WindowIsCurrentEvent, d->isCurrent);
    setFocusPolicy(Qt::StrongFocus);
    setMouseTracking(true);
}

VtkWidget::~VtkWidget()
{
    if (context() != nullptr) {
        disconnect(context(), nullptr, this, nullptr); // else it fires after the members are gone
    }
    release();
    d->window->RemoveAllObservers();
}

vtkRenderer* VtkWidget::renderer() const
{
    return d->renderer;
}

quint64 VtkWidget::frameCount() const
{
    return d->frames;
}

void VtkWidget::initializeGL()
{
    // runs again after the widget moved into another window
    connect(
        context(), &QOpenGLContext::aboutToBeDestroyed, this, [this] { release(); }, Qt::DirectConnection);
    d->surface = context()->surface();
    d->window->SetForceMaximumHardwareLineWidth(1);
    d->window->SetReadyForRendering(true);
    d->window->SetOwnContext(0);
    d->window->OpenGLInitContext();
}

void VtkWidget::release()
{
    if (!d->window->GetReadyForRendering()) {
        return;
    }
    makeCurrent();
    d->window->Finalize();
    d->window->SetReadyForRendering(false);
    doneCurrent();
    d->surface = nullptr;
}

void VtkWidget::resizeGL(int /*width*/, int /*height*/)
{
    update();
}

void VtkWidget::paintGL()
{
    const double ratio = devicePixelRatioF();
    const int w = std::max(1, static_cast<int>(std::lround(width() * ratio)));
    const int h = std::max(1, static_cast<int>(std::lround(height() * ratio)));
    d->window->SetSize(w, h);
    d->window->SetScreenSize(w, h);
    prepare(w, h);
    vtkOpenGLState* state = d->window->GetState();
    state->Reset();
    state->Push();
    state->vtkglDepthFunc(GL_LEQUAL); // Qt leaves GL_LESS
    d->window->Render();
    makeCurrent();
    blit(w, h);
    state->Pop();
    ++d->frames;
    Q_EMIT framePainted();
}

void VtkWidget::blit(int width, int height)
{
    QOpenGLExtraFunctions* gl = context()->extraFunctions();
    vtkOpenGLState* state = d->window->GetState();
    gl->glBindFramebuffer(GL_DRAW_FRAMEBUFFER, defaultFramebufferObject());
    const GLenum target = GL_COLOR_ATTACHMENT0;
    gl->glDrawBuffers(1, &target);
    state->vtkglDisable(GL_SCISSOR_TEST);
    gl->glDisable(GL_SCISSOR_TEST);
    const int* size = d->window->GetRenderFramebuffer()->GetLastSize();
    d->window->BlitDisplayFramebuffer(0, 0, 0, size[0], size[1], 0, 0, width, height, GL_COLOR_BUFFER_BIT, GL_NEAREST);
    // alpha 1, else Qt blends the window's background in
    gl->glBindFramebuffer(GL_FRAMEBUFFER, defaultFramebufferObject());
    gl->glColorMask(GL_FALSE, GL_FALSE, GL_FALSE, GL_TRUE);
    gl->glClearColor(0, 0, 0, 1);
    gl->glClear(GL_COLOR_BUFFER_BIT);
    gl->glColorMask(GL_TRUE, GL_TRUE, GL_TRUE, GL_TRUE);
}

} // namespace icmoe::ui
