set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
set(CMAKE_BUILD_RPATH_USE_ORIGIN ON)

# What all our targets share and third parties do not.
add_library(project_options INTERFACE)
target_compile_options(project_options INTERFACE
  "$<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wpedantic;-Wshadow;-Wconversion;-Werror>")
target_compile_definitions(project_options INTERFACE QT_NO_KEYWORDS)
if(ICMOE_SANITIZE)
  target_compile_definitions(project_options INTERFACE ICMOE_SANITIZED)
  target_compile_options(project_options INTERFACE -fsanitize=${ICMOE_SANITIZE} -fno-omit-frame-pointer
    "$<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>" "$<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>")
  target_link_options(project_options INTERFACE -fsanitize=${ICMOE_SANITIZE})
  if(ICMOE_SANITIZE MATCHES "undefined")
    target_compile_options(project_options INTERFACE -fno-sanitize-recover=undefined)
  endif()
endif()
if(ICMOE_FUZZ) # coverage in our libraries too, so that the fuzzers find their way
  target_compile_options(project_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
find_program(ICMOE_MOLD mold)
if(ICMOE_MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_link_options(project_options INTERFACE -fuse-ld=mold)
endif()
