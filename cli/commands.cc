#include "cli/commands.h"

namespace dfs::cli {

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      {"put", add_put},
      {"get", add_get},
      {"ls", add_ls},
      {"cat", add_cat},
      {"head", add_head},
      {"tail", add_tail},
      {"mkdir", add_mkdir},
      {"mv", add_mv},
      {"rm", add_rm},
      {"stat", add_stat},
      {"du", add_du},
      {"count", add_count},
      {"df", add_df},
      {"find", add_find},
      {"touch", add_touch},
      {"setrep", add_setrep},
      {"checksum", add_checksum},
      {"test", add_test},
      {"admin", add_admin},
      {"namenode", add_namenode},
      {"datanode", add_datanode},
      {"cluster", add_cluster},
      {"rescue", add_rescue},
  };
  return all;
}

}  // namespace dfs::cli
