#include "picture.h"

Picture read_picture(const std::string& path) { return read_ppm(path); }
