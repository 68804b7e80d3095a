# instseg_kernel(<target> <source>): compiles one kernel source once per instruction set and adds the
# objects to <target>. The source puts its functions into `namespace instseg::INSTSEG_ISA`; the caller
# picks one at run time with instseg::active_isa() (cpp/src/cpu/isa.h).
#
# A kernel source must not use inline functions or templates of the standard library: the linker keeps
# one copy of those, and it could be the one compiled for instructions this machine lacks.
set(INSTSEG_ISAS scalar)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(APPEND INSTSEG_ISAS avx2 avx512)
endif()
set(INSTSEG_ISA_FLAGS_scalar "")
set(INSTSEG_ISA_FLAGS_avx2 -mavx2 -mfma)
set(INSTSEG_ISA_FLAGS_avx512 -mavx2 -mfma -mavx512f -mavx512bw -mavx512dq -mavx512vl
    -mprefer-vector-width=512)

function(instseg_kernel target source)
  get_filename_component(name ${source} NAME_WE)
  foreach(isa IN LISTS INSTSEG_ISAS)
    set(object ${target}_${name}_${isa})
    add_library(${object} OBJECT ${source})
    target_link_libraries(${object} PRIVATE instseg_options)
    target_include_directories(${object} PRIVATE ${PROJECT_SOURCE_DIR}/cpp/include
                               ${PROJECT_BINARY_DIR}/include ${PROJECT_SOURCE_DIR}/cpp/src)
    target_compile_definitions(${object} PRIVATE INSTSEG_ISA=${isa})
    target_compile_options(${object} PRIVATE -O3 ${INSTSEG_ISA_FLAGS_${isa}})
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:${object}>)
  endforeach()
endfunction()
