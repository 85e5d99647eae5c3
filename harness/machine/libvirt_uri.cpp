#include "machine/libvirt_uri.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace kdt::machine {

namespace {

constexpr std::string_view k_possible = "say qemu:///embed, qemu:///session, qemu:///system or qemu+ssh://HOST/system";

/// The value of one parameter of the part after '?'; empty when it is not there.
std::string parameter(std::string_view query, std::string_view name) {
  for (const auto& pair : split(query, '&'))
    if (pair.starts_with(name) && pair.size() > name.size() && pair[name.size()] == '=')
      return pair.substr(name.size() + 1);
  return "";
}

} // namespace

LibvirtUri libvirt_uri(const std::string& text) {
  LibvirtUri uri{.text = text};
  auto colon = text.find("://");
  if (colon == std::string::npos)
    throw Error(Blame::usage, "--connect {}: that is no URI of libvirt's: {}", printable(text), k_possible);
  auto scheme = text.substr(0, colon);
  auto plus = scheme.find('+');
  auto driver = scheme.substr(0, plus);
  auto transport = plus == std::string::npos ? "" : scheme.substr(plus + 1);
  if (driver != "qemu" && driver != "test")
    throw Error(Blame::usage, "--connect {}: the guests need libvirt's QEMU driver: {}", printable(text), k_possible);
  auto rest = text.substr(colon + 3);
  auto slash = rest.find('/');
  auto question = rest.find('?');
  if (slash == std::string::npos || slash > question)
    throw Error(Blame::usage, "--connect {}: there is no path after the host: {}", printable(text), k_possible);
  auto query = question == std::string::npos ? "" : rest.substr(question + 1);
  auto path = rest.substr(slash, question == std::string::npos ? question : question - slash);
  if (driver == "qemu" && path != "/embed" && path != "/session" && path != "/system")
    throw Error(Blame::usage, "--connect {}: libvirt's QEMU driver has no '{}': {}", printable(text), printable(path),
                k_possible);
  uri.here = slash == 0 && (transport.empty() || transport == "unix");
  uri.embedded = driver == "qemu" && path == "/embed";
  if (uri.embedded && !(uri.here && transport.empty()))
    throw Error(Blame::usage, "--connect {}: an embedded libvirt is in kdt's own process: say qemu:///embed",
                printable(text));
  if (uri.embedded) uri.root = parameter(query, "root");
  if (transport == "ssh" && parameter(query, "no_tty").empty())
    uri.text += question == std::string::npos ? "?no_tty=1" : "&no_tty=1";
  return uri;
}

std::string connection_failure(std::string_view message) {
  std::vector<std::string> lines;
  for (const auto& line : split(message, '\n'))
    if (!trim(line).empty()) lines.emplace_back(trim(line));
  if (lines.empty()) return "";
  return lines.size() == 1 ? lines.back() : lines[lines.size() - 2] + " " + lines.back();
}

std::string connection_remedy(const LibvirtUri& uri, std::string_view message) {
  auto says = [&](std::string_view words) { return message.find(words) != std::string_view::npos; };
  if (says("no connection driver available") || says("driver module") || says("Failed to load module"))
    return "libvirt's QEMU driver is missing: apt-get install libvirt-daemon-driver-qemu";
  if (says("Failed to parse user") || says("Failed to parse group"))
    return "libvirt's QEMU driver wants a system user when root runs it: apt-get install libvirt-daemon-system, or "
           "adduser --system --group libvirt-qemu";
  if (!uri.here && (says("End of file") || says("Connection reset") || says("Host key") || says("ssh")))
    return "can you ssh there without a password, and is libvirt running on that host?";
  if (says("No such file or directory") || says("Connection refused") || says("cannot find"))
    return "no libvirt daemon is running there: start libvirtd, or use qemu:///embed, which needs none";
  if (says("Permission denied") || says("authentication") || says("Access denied"))
    return "you are not allowed to: become a member of the group libvirt, or use qemu:///session";
  return "";
}

} // namespace kdt::machine
