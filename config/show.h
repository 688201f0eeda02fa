// config/show.h
//
// When a key of the configuration is printed. Internal to config/.
#ifndef HEARTH_CONFIG_SHOW_H_
#define HEARTH_CONFIG_SHOW_H_

namespace hearth {

enum class Show { kUnlessEmpty, kAlways };

}  // namespace hearth

#endif  // HEARTH_CONFIG_SHOW_H_
