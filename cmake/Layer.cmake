# A folder is a layer, a layer is a target with an include root of its own: `#include "core/…"` resolves only for
# targets that link icmoe_core. The root holds one link, to the layer's folder, so no other layer is visible through it.
function(icmoe_layer name type)
  set(root "${PROJECT_BINARY_DIR}/include-roots/${name}")
  file(MAKE_DIRECTORY "${root}")
  file(CREATE_LINK "${PROJECT_SOURCE_DIR}/${name}" "${root}/${name}" SYMBOLIC)
  add_library(icmoe_${name} ${type})
  target_include_directories(icmoe_${name} PUBLIC "${root}")
  target_link_libraries(icmoe_${name} PRIVATE project_options)
endfunction()
