# Finds C++ packages that pip installed: `nlohmann-json` carries headers, `openvino` headers, CMake
# files and libraries. The interpreter is the one that scikit-build-core or Python_EXECUTABLE names.
find_package(Python REQUIRED COMPONENTS Interpreter)

function(instseg_python_package_dir package variable)
  execute_process(
    COMMAND ${Python_EXECUTABLE} -c
            "import importlib.util, pathlib; print(pathlib.Path(importlib.util.find_spec('${package}').origin).parent)"
    OUTPUT_VARIABLE dir OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed ERROR_QUIET)
  if(failed)
    message(FATAL_ERROR "Python package '${package}' is not installed for ${Python_EXECUTABLE}. "
                        "Run `make env`, or `pip install -r requirements/build.txt`.")
  endif()
  set(${variable} ${dir} PARENT_SCOPE)
endfunction()

instseg_python_package_dir(nlohmann_json nlohmann_json_dir)
add_library(nlohmann_json_headers INTERFACE)
target_include_directories(nlohmann_json_headers SYSTEM INTERFACE ${nlohmann_json_dir}/include)

if(INSTSEG_OPENVINO)
  instseg_python_package_dir(openvino openvino_dir)
  find_package(OpenVINO REQUIRED COMPONENTS Runtime CONFIG
               PATHS ${openvino_dir}/cmake NO_DEFAULT_PATH)
endif()
