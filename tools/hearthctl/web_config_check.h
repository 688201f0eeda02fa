// tools/hearthctl/web_config_check.h
//
// What `hearthctl check web-config` does: loads web configurations and the certificates they name.
// Words and exit codes are promtool's.
//
// Thread safety: one caller.
#ifndef HEARTH_TOOLS_HEARTHCTL_WEB_CONFIG_CHECK_H_
#define HEARTH_TOOLS_HEARTHCTL_WEB_CONFIG_CHECK_H_

#include <ostream>
#include <string>
#include <vector>

namespace hearth::hearthctl {

// 0 when all files are good, otherwise 1.
int CheckWebConfigFiles(const std::vector<std::string>& files, std::ostream& out,
                        std::ostream& err);

}  // namespace hearth::hearthctl

#endif  // HEARTH_TOOLS_HEARTHCTL_WEB_CONFIG_CHECK_H_
