# The wheel is also a CMake package: `find_package(instseg)` with the prefix that
# `instseg --cmake-dir` prints. Everything lands below the Python package folder `instseg/`.
include(CMakePackageConfigHelpers)

install(TARGETS instseg EXPORT instsegTargets
        LIBRARY DESTINATION lib NAMELINK_SKIP)
install(DIRECTORY include/instseg DESTINATION include FILES_MATCHING PATTERN "*.h")
install(FILES ${PROJECT_BINARY_DIR}/include/instseg/version.h DESTINATION include/instseg)
install(EXPORT instsegTargets NAMESPACE instseg:: DESTINATION lib/cmake/instseg)

configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/instsegConfig.cmake.in
  ${PROJECT_BINARY_DIR}/instsegConfig.cmake INSTALL_DESTINATION lib/cmake/instseg)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/instsegConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/instsegConfig.cmake
              ${PROJECT_BINARY_DIR}/instsegConfigVersion.cmake
        DESTINATION lib/cmake/instseg)
