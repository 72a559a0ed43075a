// The configuration of `sluice serve`: a JSON file (RFC 8259, UTF-8; a byte order mark is passed over).
//
//   {
//     "server": { "address": "127.0.0.1", "port": 8080, "threads": 4, "max_connections": 4096, "max_in_flight_mb": 1024
//     }, "apps": [
//       { "name": "shop", "entry": "shop/main.mjs", "root": "shop", "hostname": "shop.example", "path_prefix": "/v1",
//         "max_buffer_size_mb": 0.5, "max_total_buffer_size_mb": 8, "max_body_mb": 16, "max_in_flight_mb": 64,
//         "memory_limit_mb": 128, "time_limit_ms": 30000 }
//     ]
//   }
//
// "server" and all in it, and all of an app but "entry", may be left out. Everything that is wrong is told at once, in
// the order of the text, with line, column, key, what was expected and what was found:
//
//   const ParsedConfiguration parsed = ReadConfiguration("streams.json");
//   for (const ConfigurationError& error : parsed.errors) puts(FormatError("streams.json", error).c_str());
//
//   streams.json:3:29: server.port: expected a whole number from 0 to 65535, found the string "8080"
//
// What is wrong with the JSON itself ends the reading; what was wrong before that place is told too. Nothing here knows
// V8. Everything is a function of the text, the folder and the files; safe on any thread.
#ifndef SLUICE_RUNTIME_CONFIG_CONFIGURATION_H_
#define SLUICE_RUNTIME_CONFIG_CONFIGURATION_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "src/core/byte_limit.h"

namespace sluice::runtime {

// Bounds of what may be configured. Fractions are allowed for sizes; sizes are in units of 1,048,576 bytes.
inline constexpr size_t kLargestConfiguration = core::kBytesPerMegabyte;  // bytes of the file
inline constexpr size_t kDeepestConfiguration = 32;                       // arrays and objects in one another
inline constexpr size_t kMostConfigurationErrors = 1'000;  // that are told; one more says that there are more
inline constexpr size_t kMostApps = 256;                   // each has a process
inline constexpr int kMostThreads = 256;
inline constexpr uint32_t kMostConnections = 1'000'000;
inline constexpr uint64_t kLargestBodyMb = 65'536;           // 64 gibibytes; of all bodies in flight, too
inline constexpr uint64_t kLargestBufferSizeMb = 1'048'576;  // a tebibyte; the smallest is one byte
inline constexpr uint64_t kSmallestMemoryLimitMb = 8;        // V8 itself needs about 4
inline constexpr uint64_t kLargestMemoryLimitMb = 65'536;
inline constexpr uint32_t kLongestTimeLimitMs = 86'400'000;  // a day
inline constexpr size_t kLongestAppName = 100;               // bytes
inline constexpr size_t kLongestPathPrefix = 1'024;          // bytes

struct AppConfiguration {
  std::string name;                     // unique; by default "app 1", "app 2", ... by its place in "apps"
  std::string entry;                    // the module's file: absolute, without dot segments
  std::optional<std::string> hostname;  // in lower case, without port; none: any
  std::string path_prefix = "/";        // begins with '/' and, but for "/", does not end with it; whole segments
  // The folder, absolute, that holds every file that the app can import or read. By default the entry's.
  std::string root;
  // The most that one stream of the app may buffer, whatever limit it is made with; at least 1.
  uint64_t max_buffer_size_bytes = 64 * core::kBytesPerMegabyte;
  // The most that all streams of the app may buffer together.
  uint64_t max_total_buffer_size_bytes = 256 * core::kBytesPerMegabyte;
  uint64_t max_body_bytes = 16 * core::kBytesPerMegabyte;       // of one request; longer is 413
  uint64_t max_in_flight_bytes = 64 * core::kBytesPerMegabyte;  // all bodies of requests and responses at once
  uint64_t memory_limit_bytes = 128 * core::kBytesPerMegabyte;  // V8's heap, and as much again for ArrayBuffers
  uint32_t time_limit_ms = 30'000;                              // from a request's arrival to its response; at least 1

  bool operator==(const AppConfiguration&) const = default;
};

struct Configuration {
  std::string address = "127.0.0.1";                               // an IPv4 or IPv6 address, as inet_pton reads it
  uint16_t port = 8080;                                            // 0: any that is free
  int threads = DefaultThreads();                                  // of HTTP, 1 to kMostThreads
  uint32_t max_connections = 4'096;                                // of clients at once; at least 1
  uint64_t max_in_flight_bytes = 1'024 * core::kBytesPerMegabyte;  // all bodies of all apps at once
  std::vector<AppConfiguration>
      apps;  // 1 to kMostApps; no two have the same name, or the same hostname and path_prefix

  // The number of processors.
  static int DefaultThreads();
  bool operator==(const Configuration&) const = default;
};

struct ConfigurationError {
  // Both begin with 1. Columns count characters (Unicode code points), as editors do, not bytes. Both are 0 where the
  // error is not at a place of the text: the file could not be read.
  int line = 0;
  int column = 0;
  std::string key;      // "apps[0].port"; empty for the whole file
  std::string message;  // "expected ..., found ..."

  bool operator==(const ConfigurationError&) const = default;
};

struct ParsedConfiguration {
  Configuration configuration;             // to be used only if there are no errors
  std::vector<ConfigurationError> errors;  // in the order of the text; no two are the same
};

// What is wrong with the entry file `path` (absolute), as words that follow "found"; empty if it can be read. A path
// that ends with "/" is to be a folder.
using EntryCheck = std::function<std::string(const std::string& path)>;

// Looks at the file system: `path` is a file or a folder, by way of links too, and this process may read it.
std::string CheckEntryFile(const std::string& path);

// `folder` (absolute) is what entries are relative to.
ParsedConfiguration ParseConfiguration(std::string_view text, const std::string& folder,
                                       const EntryCheck& check_entry = CheckEntryFile);

// The same of a file; its folder is what entries are relative to. A file that cannot be read is one error without a
// place.
ParsedConfiguration ReadConfiguration(const std::string& path);

// "FILE:LINE:COLUMN: KEY: MESSAGE", without the parts that are not there. One line.
std::string FormatError(const std::string& file, const ConfigurationError& error);

}  // namespace sluice::runtime

#endif  // SLUICE_RUNTIME_CONFIG_CONFIGURATION_H_
