#pragma once

#include "base/file.hpp"
#include "base/process.hpp"
#include "image/build_step.hpp"
#include "image/catalogue.hpp"

#include <map>
#include <stop_token>
#include <string>
#include <vector>

namespace kdt::image {

/// Which content of a kernel source tree is meant.
struct TreeChoice {
  fs::path path;                ///< the top of a git work tree, or a directory without git
  std::string revision{};       ///< empty: the files as they are, changed and new ones included
  std::vector<Patch> patches{}; ///< applied in this order
};

/// That content as git names it: by the id of a tree. Everything git writes goes to an index and an object store of our
/// own, so that neither the work tree nor its repository is ever touched. A repository tells its id in a tenth of a
/// second; a directory without git is read as a whole, without what a build has left there. Which repository is meant
/// is said by the path alone: the variables by which hooks of git name theirs are not looked at.
class GitTree {
public:
  /// place: a directory for our own files, removed with the object. Throws Error{usage}: not a kernel source tree, no
  /// such revision, a patch that does not apply. Throws Error{infra} when git is missing or fails,
  /// and Interrupted.
  GitTree(const TreeChoice& choice, const fs::path& place, std::stop_token stop = {});

  /// 40 hexadecimal digits.
  const std::string& id() const { return id_; }
  /// Of its Makefile: "6.1.192".
  const std::string& version() const { return version_; }
  /// Writes the files into a directory that exists. Throws as BuildSteps::run does.
  void unpack(const fs::path& directory, BuildSteps& steps) const;

private:
  Command command(std::vector<std::string> arguments) const;
  Finished ask(std::vector<std::string> arguments) const;
  std::string answer(std::vector<std::string> arguments) const;
  void open_repository();
  void open_directory();
  void take_revision();
  void take_files();
  void apply(const Patch& patch);
  void read_version();

  TreeChoice choice_;
  TempDir own_;
  std::stop_token stop_;
  std::map<std::string, std::string> environment_;
  std::string id_;
  std::string version_;
};

/// The patches that a file or a directory stands for: those that its quilt `series` names, with their -pN, or
/// all *.patch and *.diff by name. Throws Error{usage} when there is none.
std::vector<Patch> patches_in(const fs::path& path);

} // namespace kdt::image
