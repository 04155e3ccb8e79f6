#pragma once

#include "core/image/Geometry.h"
#include "core/mask/Mask.h"

#include <vtkPolyData.h>
#include <vtkSmartPointer.h>

namespace icmoe::ui {

/// The surface of a mask in patient space (LPS mm), true to tilt and uneven gaps. `coarse` has at most a few thousand
/// triangles, for turning. Both null for an empty mask. Any thread.
struct Surface {
    vtkSmartPointer<vtkPolyData> full;
    vtkSmartPointer<vtkPolyData> coarse;
};
[[nodiscard]] Surface makeSurface(const Mask& mask, const Geometry& geometry);

} // namespace icmoe::ui
