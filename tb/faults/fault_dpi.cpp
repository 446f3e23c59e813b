// The fault that is active in this process: the number in the environment variable RTL_FAULT.

#include <cstdlib>

extern "C" unsigned fault_selected() {
  const char* number = std::getenv("RTL_FAULT");
  return number ? static_cast<unsigned>(std::atoi(number)) : 0;
}
