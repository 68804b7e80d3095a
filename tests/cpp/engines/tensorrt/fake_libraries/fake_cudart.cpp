// Stands in for a library of CUDA that libnvinfer needs.
extern "C" int instseg_fake_cudart() { return 1; }
