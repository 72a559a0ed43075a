// file: URLs, as module specifiers and import.meta.url need them. https://url.spec.whatwg.org/
//
//   FileUrl("a b.mjs")                              "file:///where/it/is/a%20b.mjs"
//   ResolveSpecifier("../c.mjs?x", thatUrl)         "file:///where/it/c.mjs?x"
//   FilePath("file:///where/a%20b.mjs?x#y")         "/where/a b.mjs"
#ifndef SLUICE_RUNTIME_FILE_URL_H_
#define SLUICE_RUNTIME_FILE_URL_H_

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace sluice::runtime {

// The URL of `path`, made absolute, without dot segments.
std::string FileUrl(const std::string& path);
// The path in the file system that `url` names.
std::string FilePath(std::string_view url);
// What an import of `specifier` by the module `base_url` names. Relative paths ("./x", "../x", "/x") and file: URLs are
// taken; bare names and other schemes are an error that says so.
absl::StatusOr<std::string> ResolveSpecifier(std::string_view specifier, std::string_view base_url);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_FILE_URL_H_
