# Third-party oddities are hidden once, behind deps::* targets.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(DCMTK REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(SQLiteCpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(ZLIB REQUIRED)
find_package(PNG REQUIRED)
find_package(JPEG REQUIRED)
find_package(spdlog REQUIRED)
find_package(tl-expected REQUIRED)
pkg_check_modules(OPENJPEG REQUIRED IMPORTED_TARGET libopenjp2)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)

find_library(ICMOE_NIFTI2 nifti2 REQUIRED)
find_library(ICMOE_ZNZ znz REQUIRED)
find_path(ICMOE_NIFTI_INCLUDE nifti/nifti2_io.h REQUIRED)
add_library(deps_nifti INTERFACE)
target_link_libraries(deps_nifti INTERFACE "${ICMOE_NIFTI2}" "${ICMOE_ZNZ}")
target_include_directories(deps_nifti SYSTEM INTERFACE "${ICMOE_NIFTI_INCLUDE}" "${ICMOE_NIFTI_INCLUDE}/nifti")
add_library(deps::nifti ALIAS deps_nifti)

add_library(deps_dcmtk INTERFACE)
target_link_libraries(deps_dcmtk INTERFACE DCMTK::DCMTK)
add_library(deps::dcmtk ALIAS deps_dcmtk)

add_library(deps_sqlite INTERFACE)
target_link_libraries(deps_sqlite INTERFACE SQLiteCpp SQLite::SQLite3)
add_library(deps::sqlite ALIAS deps_sqlite)

find_package(GTest REQUIRED)
if(ICMOE_BENCHMARKS)
  find_package(benchmark REQUIRED)
endif()

if(NOT ICMOE_ONLY_CORE)
  find_package(CLI11 REQUIRED)
  find_package(Qt6 6.4 REQUIRED COMPONENTS Core Gui Widgets OpenGL OpenGLWidgets Svg Test LinguistTools)
  find_package(VTK 9.1 REQUIRED COMPONENTS CommonCore CommonDataModel CommonExecutionModel CommonTransforms CommonMath
    ImagingCore ImagingGeneral ImagingHybrid FiltersCore FiltersGeneral FiltersGeometry FiltersSources FiltersModeling FiltersExtraction IOImage
    InteractionStyle InteractionWidgets RenderingCore RenderingOpenGL2 RenderingUI RenderingFreeType RenderingAnnotation RenderingImage)

  # The wheel's own package file asks for CUDA compilers, so the two libraries that a CPU program needs are named here.
  set(LIBTORCH_ROOT "" CACHE PATH "folder that holds torch/ and nvidia/ from the wheels")
  set(_torch "${LIBTORCH_ROOT}/torch")
  if(NOT EXISTS "${_torch}/lib/libtorch_cpu.so")
    message(FATAL_ERROR "LibTorch is not in ${LIBTORCH_ROOT}: run installer/setup, or set LIBTORCH_ROOT")
  endif()
  add_library(Torch::c10 SHARED IMPORTED)
  set_target_properties(Torch::c10 PROPERTIES IMPORTED_LOCATION "${_torch}/lib/libc10.so" IMPORTED_SONAME libc10.so
    INTERFACE_INCLUDE_DIRECTORIES "${_torch}/include")
  add_library(Torch::cpu SHARED IMPORTED)
  set_target_properties(Torch::cpu PROPERTIES IMPORTED_LOCATION "${_torch}/lib/libtorch_cpu.so" IMPORTED_SONAME libtorch_cpu.so
    INTERFACE_INCLUDE_DIRECTORIES "${_torch}/include;${_torch}/include/torch/csrc/api/include"
    INTERFACE_COMPILE_FEATURES cxx_std_20 INTERFACE_LINK_LIBRARIES Torch::c10
    INTERFACE_LINK_OPTIONS "LINKER:--allow-shlib-undefined")
  add_library(deps_torch INTERFACE)
  target_link_libraries(deps_torch INTERFACE Torch::cpu Torch::c10)
  add_library(deps::torch ALIAS deps_torch)
endif()
