#pragma once

#include <QOpenGLWidget>

#include <memory>

class vtkRenderer;

namespace icmoe::ui {

/// A Qt widget that VTK draws into: own OpenGL widget around a vtkGenericOpenGLRenderWindow. Draws only when asked
/// (`update()`), at device pixels; survives hiding and moving into another window. VTK calls belong into prepare() or
/// to the time between frames, on the UI thread. Where there is no OpenGL (`isValid()` false) nothing is drawn.
class VtkWidget : public QOpenGLWidget {
    Q_OBJECT

public:
    explicit VtkWidget(QWidget* parent = nullptr);
    ~VtkWidget() override;

    /// To be called before the QApplication is made: the surface that VTK needs, and xcb with GLX.
    static void prepareApplication();
    /// Frames drawn so far, for tests and benchmarks.
    [[nodiscard]] quint64 frameCount() const;

Q_SIGNALS:
    void framePainted();

protected:
    [[nodiscard]] vtkRenderer* renderer() const;
    /// Called before each frame with the size in device pixels.
    virtual void prepare(int width, int height) = 0;

    void initializeGL() override;
    void paintGL() override;
    void resizeGL(int width, int height) override;

private:
    void release();
    void blit(int width, int height);

    struct Private;
    std::unique_ptr<Private> d;
};

} // namespace icmoe::ui
