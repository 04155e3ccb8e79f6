include(GoogleTest)
# icmoe_test(NAME … SOURCES … LIBRARIES … [LABELS …]): one GoogleTest program, one CTest entry for each of its tests.
# The tests find the real data through ICMOE_SHARED (a folder that may be missing) and committed pieces in ICMOE_TEST_DATA.
get_filename_component(ICMOE_SHARED "${PROJECT_SOURCE_DIR}/../shared" ABSOLUTE)
function(icmoe_test)
  cmake_parse_arguments(T "" "NAME" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${T_NAME} ${T_SOURCES})
  target_link_libraries(${T_NAME} PRIVATE project_options icmoe_core icmoe_test_support GTest::gtest GTest::gtest_main ${T_LIBRARIES})
  target_compile_definitions(${T_NAME} PRIVATE "ICMOE_SHARED=\"${ICMOE_SHARED}\"" "ICMOE_TEST_DATA=\"${PROJECT_SOURCE_DIR}/tests/data\""
    "ICMOE_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\"" "ICMOE_BINARY_DIR=\"${PROJECT_BINARY_DIR}\"")
  set(properties TIMEOUT 300 ENVIRONMENT OMP_WAIT_POLICY=passive) # as the program sets it: two tests side by side, and no worker that spins
  if(T_LABELS) # an empty value is lost on the way, and with it the next property's name
    list(APPEND properties LABELS "${T_LABELS}")
  endif()
  gtest_discover_tests(${T_NAME} DISCOVERY_MODE PRE_TEST PROPERTIES ${properties})
endfunction()
# icmoe_qt_test(NAME … SOURCES … LIBRARIES …): one Qt Test program under a virtual screen (each run has its own Xvfb).
function(icmoe_qt_test)
  cmake_parse_arguments(T "" "NAME" "SOURCES;LIBRARIES;LABELS" ${ARGN})
  add_executable(${T_NAME} ${T_SOURCES})
  set_target_properties(${T_NAME} PROPERTIES AUTOMOC ON)
  target_link_libraries(${T_NAME} PRIVATE project_options icmoe_core icmoe_test_support Qt6::Test ${T_LIBRARIES})
  target_compile_definitions(${T_NAME} PRIVATE "ICMOE_SHARED=\"${ICMOE_SHARED}\"" "ICMOE_TEST_DATA=\"${PROJECT_SOURCE_DIR}/tests/data\""
    "ICMOE_SOURCE_DIR=\"${PROJECT_SOURCE_DIR}\"" "ICMOE_BINARY_DIR=\"${PROJECT_BINARY_DIR}\"")
  add_test(NAME ${T_NAME} COMMAND "${PROJECT_SOURCE_DIR}/tests/support/with-screen" $<TARGET_FILE:${T_NAME}>)
  set_tests_properties(${T_NAME} PROPERTIES TIMEOUT 300 LABELS "window;${T_LABELS}")
endfunction()
